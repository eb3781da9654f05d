"""The walk's part for `pyproject.toml` with its `uv.lock`, and for `pylock.toml`."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from pyenv_frontend.errors import UserError, near
from pyenv_frontend.language.contextpath import is_url
from pyenv_frontend.language.pipformat import local_path
from pyenv_frontend.language.project import read_lock, read_project, read_uv_lock
from pyenv_frontend.language.walk import Listed
from pyenv_frontend.position import Location, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyenv_frontend.language.instruction import Options
    from pyenv_frontend.language.project import Project
    from pyenv_frontend.language.walk import Origin, Walk
    from pyenv_frontend.position import SourceFile

__all__ = ["take_lock", "take_project"]


def take_lock(walk: Walk, path: str, origin: Origin, options: Options) -> None:
    """Take in a `pylock.toml` and the archives and directories it names."""
    file = walk.read(path, origin)
    lock = _parsed(read_lock, file, origin)
    _check_choices(lock, path, origin, options)
    for named in lock.required:
        _take_tree(walk, path, named, origin)


def take_project(walk: Walk, path: str, origin: Origin, options: Options) -> tuple[str, ...]:
    """Take in a `pyproject.toml`, its lock, and what it names.

    Returns:
        The requirements files its dependencies are read from.
    """
    folder = posixpath.dirname(path)
    project = _parsed(read_project, walk.read(path, origin), origin)
    _check_choices(project, path, origin, options)
    lock = walk.read_if_there(posixpath.join(folder, "uv.lock"))
    walk.listed += [Listed(text, origin, locked=lock is not None) for text in project.dependencies]
    for text in project.dependencies:
        if named := local_path(text):
            _take_tree(walk, path, named, origin)
    for named in (*project.required, *(_parsed(read_uv_lock, lock, origin).required if lock else ())):
        _take_tree(walk, path, named, origin)
    for named in project.optional:
        walk.read_if_there(walk.join(folder, named, origin))
    _take_members(walk, folder, project, origin)
    return tuple(walk.join(folder, each, origin) for each in project.listed)


def _take_tree(walk: Walk, path: str, named: str, origin: Origin) -> None:
    """A local package; the project's own folder is no package to install."""
    if is_url(named) or named == ".":
        return
    file = walk.files[path]
    found = file.data.find(named.encode())
    place = origin.at(Location(file, Span(found, found + len(named.encode())))) if found >= 0 else origin
    walk.tree(walk.join(posixpath.dirname(path), named, place), place)


def _take_members(walk: Walk, folder: str, project: Project, origin: Origin) -> None:
    """Every member's `pyproject.toml`, and the whole of those that the project itself depends on."""
    wanted = {canonicalize_name(name) for name in project.workspace}
    for pattern in project.members:
        for member in _expand(walk, walk.join(folder, pattern, origin)):
            file = walk.read_if_there(f"{member}/pyproject.toml")
            if file and canonicalize_name(_parsed(read_project, file, origin).name) in wanted:
                walk.tree(member, origin)


def _expand(walk: Walk, pattern: str) -> Iterator[str]:
    """The paths that match a glob, folder by folder."""
    found = [""]
    for part in pattern.split("/"):
        if not set(part) & set("*?["):
            found = [posixpath.join(folder, part) for folder in found]
            continue
        found = [
            posixpath.join(folder, name)
            for folder in found
            for name in sorted(walk.context.names(folder))
            if fnmatchcase(name, part) and not name.startswith(".")
        ]
    yield from found


def _parsed(reader: Callable[[bytes], Project], file: SourceFile, origin: Origin) -> Project:
    try:
        return reader(file.data)
    except ValueError as error:
        message = f"{file.name} cannot be read: {error}"
        at = origin.at(_place(file, str(error)))
        raise UserError(message, *at.locations, expected="TOML") from None


def _place(file: SourceFile, message: str) -> Location:
    """Where TOML's parser gave up, which it says in words."""
    found = re.search(r"line (\d+), column (\d+)", message)
    offset = file.starts[min(int(found[1]), len(file.starts)) - 1] + int(found[2]) - 1 if found else len(file.data)
    return Location(file, Span(offset, offset + 1))


def _check_choices(project: Project, path: str, origin: Origin, options: Options) -> None:
    """Extras and groups must be in the project."""
    choices = (("extra", options.extras, project.extras), ("group", options.groups, project.groups))
    for option, chosen, known in choices:
        names = {canonicalize_name(name): name for name in known}
        for name in chosen:
            if canonicalize_name(name) in names:
                continue
            span = options.span(option)
            place = origin.word._replace(span=span) if span else origin.word
            meant = near(name, list(known))
            hint = f"did you mean {meant}?" if meant else ""
            expected = f"one of {', '.join(known)}" if known else ""
            raise UserError(f"{path} has no {option} {name}", place, expected=expected, hint=hint)
