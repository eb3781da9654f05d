"""Which other files a `pyproject.toml` or a `pylock.toml` names, and what it says is to be installed.

`pyproject.toml`: PyPA's specification, PEP 735 for groups, and the tables of uv and setuptools that name files.
`pylock.toml`: PEP 751.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Project", "read_lock", "read_project"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What one of these files refers to; paths as written, relative to the file."""

    required: tuple[str, ...] = ()
    """Files and directories without which nothing can be installed."""

    optional: tuple[str, ...] = ()
    """Files that matter only if they are there: the readme, the licence."""

    listed: tuple[str, ...] = ()
    """Requirements files that the project's dependencies are read from."""

    members: tuple[str, ...] = ()
    """Workspace members, as globs."""

    excluded: tuple[str, ...] = ()
    """Patterns of folders that are excluded from those."""

    is_root: bool = False
    """Whether it is the root of a workspace."""

    is_project: bool = False
    """Whether it has a `[project]`; a root need not."""

    dependencies: tuple[str, ...] = ()
    """Requirements of the project itself."""

    workspace: tuple[str, ...] = ()
    """Names of dependencies that are members of the workspace."""

    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    name: str = ""
    """The project's name."""


def read_lock(data: bytes) -> Project:
    """Read a `pylock.toml`.

    Raises:
        ValueError: it is not TOML, or not UTF-8.
    """
    lock = tomllib.loads(data.decode("utf-8"))
    required: list[str] = []
    for package in _tables(lock.get("packages")):
        places = [package.get(key) for key in ("directory", "archive", "sdist", "vcs")]
        for place in (*_tables(places), *_tables(package.get("wheels"))):
            required += _texts([place.get("path")])
    return Project(
        required=tuple(required),
        extras=tuple(_texts(lock.get("extras"))),
        groups=tuple(_texts(lock.get("dependency-groups"))),
    )


def read_project(data: bytes) -> Project:
    """Read a `pyproject.toml`.

    Raises:
        ValueError: it is not TOML, or not UTF-8.
    """
    content = tomllib.loads(data.decode("utf-8"))
    project = _table(content.get("project"))
    uv = _table(_table(content.get("tool")).get("uv"))
    dynamic = _table(_table(_table(content.get("tool")).get("setuptools")).get("dynamic"))
    dependencies = _texts(project.get("dependencies"))
    groups = _table(content.get("dependency-groups"))
    requirement_files = [*_files(dynamic.get("dependencies"))]
    for extra in _table(dynamic.get("optional-dependencies")).values():
        requirement_files += _files(extra)
    return Project(
        required=tuple(_source_paths(uv)),
        optional=(*_described(project), *_files(dynamic.get("version")), *_files(dynamic.get("readme"))),
        listed=tuple(requirement_files),
        members=tuple(_texts(_table(uv.get("workspace")).get("members"))),
        excluded=tuple(_texts(_table(uv.get("workspace")).get("exclude"))),
        is_root=isinstance(uv.get("workspace"), dict),
        is_project=isinstance(content.get("project"), dict),
        dependencies=tuple(dependencies),
        workspace=tuple(_workspace_sources(uv)),
        extras=tuple(_table(project.get("optional-dependencies"))),
        groups=tuple(groups),
        name="".join(_texts([project.get("name")])),
    )


def _source_paths(uv: dict[str, Any]) -> Iterator[str]:
    """Return the local paths of `[tool.uv.sources]`, where a source may be a table or a list of tables."""
    for source in _table(uv.get("sources")).values():
        for table in _tables(source if isinstance(source, list) else [source]):
            yield from _texts([table.get("path")])


def _workspace_sources(uv: dict[str, Any]) -> Iterator[str]:
    """Return the dependencies whose source is `workspace = true`."""
    for name, source in _table(uv.get("sources")).items():
        tables = _tables(source if isinstance(source, list) else [source])
        if any(table.get("workspace") is True for table in tables):
            yield name


def _described(project: dict[str, Any]) -> Iterator[str]:
    """Return the readme and licence files of `[project]`."""
    readme = project.get("readme")
    yield from _texts([readme, _table(readme).get("file"), _table(project.get("license")).get("file")])
    yield from (path for path in _texts(project.get("license-files")) if not set(path) & set("*?["))


def _files(entry: object) -> list[str]:
    """Return the `file` of a setuptools `dynamic` entry: one name or several."""
    named = _table(entry).get("file")
    return list(_texts(named if isinstance(named, list) else [named]))


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _tables(value: object) -> Iterable[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []
