"""The files that a `pyproject.toml` or a `pylock.toml` names, and the dependencies in it.

`pyproject.toml`: PyPA's specification, PEP 735 for groups, and the tables of uv and setuptools that name files.
`pylock.toml`: PEP 751.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from pyenv_frontend.inputs.parsed_toml import parsed_toml
from pyenv_frontend.inputs.toml_values import table, tables, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Project", "read_lock", "read_project"]


_OWN_EXTRAS = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*\[([^\]]*)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The content of one of these files; paths as written, relative to the file."""

    required: tuple[str, ...] = ()
    """Files and directories that an install needs."""

    optional: tuple[str, ...] = ()
    """Files that are used if they exist: the readme, the licence."""

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

    is_listed: bool = False
    """Whether its dependencies are those of `[project]`, so that nothing has to be built to learn them."""

    is_built: bool = False
    """Whether its dependencies are what its build says, which may read a `setup.py` and a `setup.cfg`."""

    is_of_poetry: bool = False

    dependencies: tuple[str, ...] = ()
    """Requirements of the project itself."""

    workspace: tuple[str, ...] = ()
    """Names of dependencies that are members of the workspace."""

    sourced: frozenset[str] = frozenset()
    """Names of dependencies, normalized, that come from a path, an address or the workspace, and not from an index."""

    changes_others: bool = False
    """Whether it tells uv to replace or leave out what packages depend on."""

    extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The requirements of each extra; a lock has names alone."""

    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Those of each dependency group, with what it includes."""

    default_groups: tuple[str, ...] = ()
    """The groups of a lock that installers take if none is named."""

    requires_python: str = ""
    """The versions of Python that it is for."""

    name: str = ""
    """The project's name."""

    def chosen(self, extras: Iterable[str], groups: Iterable[str]) -> Iterator[str]:
        """Yield the requirements of some extras and groups; the project's own name stands for those of its extras."""
        groups_by_name = {canonicalize_name(name): listed for name, listed in self.groups.items()}
        extras_by_name = {canonicalize_name(name): listed for name, listed in self.extras.items()}
        waiting = [canonicalize_name(name) for name in extras]
        requirements = [text for name in groups for text in groups_by_name.get(canonicalize_name(name), ())]
        seen: set[str] = set()
        while waiting or requirements:
            for text in requirements:
                own = _OWN_EXTRAS.match(text)
                if own and self.name and canonicalize_name(own[1]) == canonicalize_name(self.name):
                    waiting += [canonicalize_name(name.strip()) for name in own[2].split(",")]
                else:
                    yield text
            requirements = []
            while waiting and not requirements:
                name = waiting.pop(0)
                requirements = [] if name in seen else [*extras_by_name.get(name, ())]
                seen.add(name)


def read_lock(data: bytes) -> Project:
    """Read a `pylock.toml`.

    Raises:
        ValueError: it is not TOML, or not UTF-8.
    """
    lock = parsed_toml(data)
    required: list[str] = []
    for package in tables(lock.get("packages")):
        places = [package.get(key) for key in ("directory", "archive", "sdist", "vcs")]
        for place in (*tables(places), *tables(package.get("wheels"))):
            required += texts([place.get("path")])
    return Project(
        required=tuple(required),
        extras=dict.fromkeys(texts(lock.get("extras")), ()),
        groups=dict.fromkeys(texts(lock.get("dependency-groups")), ()),
        default_groups=tuple(texts(lock.get("default-groups"))),
    )


def read_project(data: bytes) -> Project:
    """Read a `pyproject.toml`.

    Raises:
        ValueError: it is not TOML, or not UTF-8.
    """
    content = parsed_toml(data)
    project = table(content.get("project"))
    uv = table(table(content.get("tool")).get("uv"))
    poetry = table(table(content.get("tool")).get("poetry"))
    is_listed = "project" in content and "dependencies" not in texts(project.get("dynamic"))
    dynamic = table(table(table(content.get("tool")).get("setuptools")).get("dynamic"))
    dependencies = texts(project.get("dependencies"))
    groups = table(content.get("dependency-groups"))
    requirement_files = [*_files(dynamic.get("dependencies"))]
    for extra in table(dynamic.get("optional-dependencies")).values():
        requirement_files += _files(extra)
    return Project(
        required=tuple(_source_paths(uv)),
        optional=(*_described(project), *_files(dynamic.get("version")), *_files(dynamic.get("readme"))),
        listed=tuple(requirement_files),
        members=tuple(texts(table(uv.get("workspace")).get("members"))),
        excluded=tuple(texts(table(uv.get("workspace")).get("exclude"))),
        is_root=isinstance(uv.get("workspace"), dict),
        is_project=isinstance(content.get("project"), dict),
        is_listed=is_listed,
        is_built="build-system" in content and not is_listed and poetry.get("package-mode") is not False,
        is_of_poetry=bool(poetry),
        dependencies=tuple(dependencies),
        workspace=tuple(_workspace_sources(uv)),
        extras={name: tuple(texts(listed)) for name, listed in table(project.get("optional-dependencies")).items()},
        groups={name: tuple(dict.fromkeys(_group(groups, name, frozenset()))) for name in groups},
        sourced=frozenset(_sourced(uv)),
        changes_others=bool(uv.get("override-dependencies") or uv.get("exclude-dependencies")),
        requires_python="".join(texts([project.get("requires-python")])),
        name="".join(texts([project.get("name")])),
    )


def _source_paths(uv: dict[str, Any]) -> Iterator[str]:
    """Return the local paths of `[tool.uv.sources]`, where a source may be a table or a list of tables."""
    for source in table(uv.get("sources")).values():
        for origin in tables(source if isinstance(source, list) else [source]):
            yield from texts([origin.get("path")])


def _sourced(uv: dict[str, Any]) -> Iterator[str]:
    """Return the dependencies whose source fixes what they are."""
    for name, source in table(uv.get("sources")).items():
        origins = tables(source if isinstance(source, list) else [source])
        if origins and all({"path", "url", "workspace", "rev", "tag"} & origin.keys() for origin in origins):
            yield canonicalize_name(name)


def _workspace_sources(uv: dict[str, Any]) -> Iterator[str]:
    """Return the dependencies whose source is `workspace = true`."""
    for name, source in table(uv.get("sources")).items():
        origins = tables(source if isinstance(source, list) else [source])
        if any(origin.get("workspace") is True for origin in origins):
            yield name


def _group(groups: dict[str, Any], name: str, above: frozenset[str]) -> Iterator[str]:
    """Yield the requirements of a group and of those that it includes; the installer refuses a circle."""
    known = {canonicalize_name(key): listed for key, listed in groups.items()}
    name = canonicalize_name(name)
    listed = known.get(name)
    if name in above or not isinstance(listed, list):
        return
    for entry in listed:
        yield from texts([entry])
        for included in texts([table(entry).get("include-group")]):
            yield from _group(groups, included, above | {name})


def _described(project: dict[str, Any]) -> Iterator[str]:
    """Return the readme and licence files of `[project]`."""
    readme = project.get("readme")
    yield from texts([readme, table(readme).get("file"), table(project.get("license")).get("file")])
    yield from (path for path in texts(project.get("license-files")) if not set(path) & set("*?["))


def _files(entry: object) -> list[str]:
    """Return the `file` of a setuptools `dynamic` entry: one name or several."""
    named = table(entry).get("file")
    return list(texts(named if isinstance(named, list) else [named]))
