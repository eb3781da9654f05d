"""The files that a `pyproject.toml` with its `uv.lock`, and a `pylock.toml`, refer to."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from pyenv_frontend.errors import UserError, did_you_mean
from pyenv_frontend.inputs import uv_workspace
from pyenv_frontend.inputs.collector import ListedRequirement
from pyenv_frontend.inputs.pyproject import read_lock, read_project
from pyenv_frontend.inputs.uv_lock import local_packages, outdated
from pyenv_frontend.positions import Location, Span
from pyenv_frontend.pyenv.context_path import is_url
from pyenv_image.local_paths import local_path

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pyenv_frontend.inputs.collector import InputCollector, Origin
    from pyenv_frontend.inputs.pyproject import Project
    from pyenv_frontend.inputs.uv_workspace import UvWorkspace
    from pyenv_frontend.positions import SourceFile
    from pyenv_frontend.pyenv.instruction import Options

__all__ = ["take_lock", "take_project"]

_PACKAGE = re.compile(rb"^\[(metadata|options)\]", re.MULTILINE)
"""What a `setup.cfg` has of a package."""


def take_lock(collector: InputCollector, path: str, origin: Origin, options: Options) -> None:
    """Add a `pylock.toml` and the archives and directories it names."""
    file = collector.read(path, origin)
    lock = _parsed(read_lock, file, origin)
    _check_choices(lock, path, origin, options)
    if options.installer == "pip" and (option := "extra" if options.extras else "group" if options.groups else ""):
        span = options.span(option)
        place = replace(origin.word, span=span) if span else origin.word
        message = f"{path} is a lock, and pip takes none of its extras and groups"
        raise UserError(message, place, hint="leave --installer=pip out")
    collector.default_groups += lock.default_groups
    for named in lock.required:
        _take_tree(collector, path, named, origin)


def take_project(collector: InputCollector, path: str, origin: Origin, options: Options) -> tuple[str, ...]:
    """Add a `pyproject.toml`, its lock, which may be at the root of a workspace above, and the files that it names.

    Returns:
        The requirements files its dependencies are read from.
    """
    folder = posixpath.dirname(path)
    project = _parsed(read_project, collector.read(path, origin), origin)
    beside = [collector.read_if_there(posixpath.join(folder, name), origin) for name in _of_setuptools(project)]
    has_dependencies = project.is_project or project.is_built or any(map(_is_of_a_package, beside))
    if not (has_dependencies or project.is_root or (project.groups and not project.is_of_poetry)):
        raise _no_project(path, project, origin)
    _check_choices(project, path, origin, options)
    project = replace(project, dependencies=(*project.dependencies, *project.chosen(options.extras, options.groups)))
    _take_python(collector, path, project, origin)
    above = uv_workspace.find(collector, folder, project, origin)
    root = above.folder if above else folder
    lock = collector.read_if_there(posixpath.join(root, "uv.lock"), origin)
    _take_settings(collector, {folder, root}, origin)
    if not (has_dependencies or options.groups or (project.is_root and lock)):
        raise _no_group(path, project, origin)
    if has_dependencies and not (lock or project.is_listed):
        collector.tree(folder, origin)  # the build that says the dependencies may read any file
    collector.locked += [path] if lock else []
    collector.only_groups += [] if has_dependencies else [path]
    collector.listed += [
        ListedRequirement(text, origin, locked=lock is not None or _name_of(text) in project.sourced)
        for text in project.dependencies
    ]
    local = [place.path for text in project.dependencies if (place := local_path(text))]
    for named in (*local, *project.required):
        _take_tree(collector, path, named, origin)
    for named in project.optional:
        collector.read_if_there(collector.join(folder, named, origin), origin)
    if lock:
        _check_lock(
            lock, path, project, origin, changed=project.changes_others or bool(above and above.project.changes_others)
        )
        reader = partial(local_packages, project=project.name, extras=options.extras, groups=options.groups)
        for named in _parsed(reader, lock, origin):
            _take_tree(collector, lock.name, named, origin, own=False)
    elif above:
        _take_members(collector, above, project, origin)
    elif project.workspace:
        raise _no_root(collector, path, project, origin)
    return tuple(collector.join(folder, entry, origin) for entry in project.listed)


def _take_settings(collector: InputCollector, folders: Collection[str], origin: Origin) -> None:
    """Add the settings of uv that a project has in a file of their own, which uv takes in place of `[tool.uv]`."""
    for folder in sorted(folders):
        collector.read_if_there(posixpath.join(folder, "uv.toml"), origin)


def _check_lock(lock: SourceFile, path: str, project: Project, origin: Origin, *, changed: bool) -> None:
    """Check that a lock has what the project lists, if no setting of uv may make it something else."""
    reader = partial(outdated, project=project.name, requirements=project.dependencies)
    if not changed and (difference := _parsed(reader, lock, origin)):
        message = f"{lock.name} is out of date: it {difference}, as {path} requires"
        raise UserError(message, *origin.locations, hint="write it anew: uv lock")


def _take_python(collector: InputCollector, path: str, project: Project, origin: Origin) -> None:
    if project.requires_python:
        location = origin.at(_place_of(collector.files[path], project.requires_python))
        collector.requires_python.append(ListedRequirement(project.requires_python, location))


def _of_setuptools(project: Project) -> tuple[str, ...]:
    """Return the files that setuptools reads, which is also the default build backend."""
    return ("setup.py", "setup.cfg") if project.is_built or not project.is_project else ()


def _is_of_a_package(file: SourceFile | None) -> bool:
    """Return whether setuptools finds a package in a file; many `setup.cfg` files have only settings of linters."""
    if file is None:
        return False
    return not file.name.endswith("setup.cfg") or _PACKAGE.search(file.data) is not None


def _no_group(path: str, project: Project, origin: Origin) -> UserError:
    """Return the error of a project that has its dependencies in groups, of which none is named."""
    message = f"{path} has no [project] table, and the PYENV names none of its groups"
    hint = f"name one: PYENV --group={next(iter(project.groups), '')} ..."
    if not project.groups:
        message = f"{path} is the root of a workspace without a [project] table and without a uv.lock"
        hint = "name the pyproject.toml of a member, or write the lock: uv lock"
    return UserError(message, *origin.locations, hint=hint)


def _no_project(path: str, project: Project, origin: Origin) -> UserError:
    message = f"{path} has no [project] table, and nothing else says what it depends on"
    if project.is_of_poetry:
        hint = (
            "make a requirements file of it (poetry export -o requirements.txt), or list its dependencies in [project]"
        )
    else:
        hint = "write [project] with a name, a version and dependencies, or list them in a requirements file"
    return UserError(message, *origin.locations, hint=hint)


def _take_tree(collector: InputCollector, path: str, named: str, origin: Origin, *, own: bool = True) -> None:
    """Add a local package, as the file at `path` names it; the project's own folder is not installed."""
    if is_url(named) or (own and named == "."):
        return
    location = origin.at(_place_of(collector.files[path], named))
    collector.tree(collector.join(posixpath.dirname(path), named, location), location)


def _place_of(file: SourceFile, text: str) -> Location:
    """Return the first place of a text in a file; the beginning of the file if the text is written with escapes."""
    offset = max(file.data.find(text.encode()), 0)
    return Location(file, Span(offset, offset + len(text.encode())))


def _take_members(collector: InputCollector, above: UvWorkspace, project: Project, origin: Origin) -> None:
    """Add the members that a project depends on, directly or not, and all of the root's own sources."""
    for named in above.project.required:
        _take_tree(collector, posixpath.join(above.folder, "pyproject.toml"), named, origin)
    known = [(above.folder, above.project), *uv_workspace.members(collector, above)]
    waiting, taken = [project], {canonicalize_name(project.name)}
    while waiting:
        needed = waiting.pop()
        # The sources of the root apply to its members.
        from_workspace = {canonicalize_name(name) for name in (*needed.workspace, *above.project.workspace)}
        names = from_workspace & {name for text in needed.dependencies if (name := _name_of(text))}
        for folder, member in known:
            name = canonicalize_name(member.name)
            if name in names - taken:
                taken.add(name)
                waiting.append(member)
                collector.tree(folder, origin)


def _name_of(text: str) -> str:
    match = re.match(r"\s*([A-Za-z0-9][\w.-]*)", text)
    return canonicalize_name(match[1]) if match else ""


def _no_root(collector: InputCollector, path: str, project: Project, origin: Origin) -> UserError:
    """Return the error of a dependency on a member of a workspace that is not in the build context."""
    name = project.workspace[0]
    file = collector.files[path]
    offset = file.data.find(b"workspace")
    place = origin.at(Location(file, Span(offset, offset + len(b"workspace"))))
    return UserError(
        f"{path} takes {name} from its workspace, whose root is not in the build context",
        *place.locations,
        expected="a pyproject.toml with [tool.uv.workspace] in a folder above, whose members have this project",
        hint="build with the root of the workspace as the context: docker build -f path/to/Dockerfile .",
    )


def _parsed[T](reader: Callable[[bytes], T], file: SourceFile, origin: Origin) -> T:
    try:
        return reader(file.data)
    except ValueError as error:
        message = f"{file.name} cannot be read: {error}"
        at = origin.at(_place(file, str(error)))
        raise UserError(message, *at.locations, expected="TOML") from None


def _place(file: SourceFile, message: str) -> Location:
    """Return the position that a TOML error names in its message."""
    match = re.search(r"line (\d+), column (\d+)", message)
    offset = file.starts[min(int(match[1]), len(file.starts)) - 1] + int(match[2]) - 1 if match else len(file.data)
    return Location(file, Span(offset, offset + 1))


def _check_choices(project: Project, path: str, origin: Origin, options: Options) -> None:
    """Check that the extras and groups exist in the project."""
    choices = (("extra", options.extras, project.extras), ("group", options.groups, project.groups))
    for option, chosen, known in choices:
        names = {canonicalize_name(name): name for name in known}
        for name in chosen:
            if canonicalize_name(name) in names:
                continue
            span = options.span(option)
            place = replace(origin.word, span=span) if span else origin.word
            hint = did_you_mean(name, known)
            expected = f"one of {', '.join(known)}" if known else ""
            raise UserError(f"{path} has no {option} {name}", place, expected=expected, hint=hint)
