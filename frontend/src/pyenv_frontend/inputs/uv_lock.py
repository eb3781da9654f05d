"""`uv.lock`: the local packages in it that a project needs.

Source of truth: what uv 0.13 writes (version 1 of the format). A package names the packages it depends on, and apart
from them those of each extra and of each dependency group; where it comes from is its source, a local one by path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pyenv_frontend.inputs.parsed_toml import parsed_toml
from pyenv_frontend.inputs.toml_values import table, tables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

__all__ = ["local_packages", "outdated"]

_LOCAL = ("directory", "editable", "path")
"""Not `virtual`, a project that is never installed itself: only its dependencies are."""


def local_packages(data: bytes, project: str, extras: Collection[str], groups: Collection[str]) -> tuple[str, ...]:
    """Return the paths of the local packages that a project depends on, directly or not, relative to the lock.

    Args:
        data: the lock.
        project: the project's name. If the lock does not have it, it is all of its local packages.
        extras: the requested extras of the project.
        groups: its requested dependency groups.

    Raises:
        ValueError: it is not TOML, or not UTF-8.
    """
    lock = parsed_toml(data)
    packages: dict[str, list[dict[str, Any]]] = {}
    for package in tables(lock.get("package")):
        packages.setdefault(_name(package), []).append(package)
    start = canonicalize_name(project)
    if not project or start not in packages:
        return _paths(package for versions in packages.values() for package in versions)
    waiting: list[tuple[str, str]] = [(start, ""), *((start, canonicalize_name(extra)) for extra in extras)]
    for package in packages[start]:
        waiting += _grouped(package, groups)
    seen: dict[tuple[str, str], None] = {}
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) not in seen:
            seen[name, extra] = None
            for package in packages.get(name, ()):
                waiting += _needed(package, extra)
    needed = dict.fromkeys(name for name, _ in seen if name != start)
    return _paths(package for name in needed for package in packages.get(name, ()))


def outdated(data: bytes, project: str, requirements: Iterable[str]) -> str:
    """Describe a requirement of a project that a lock certainly does not meet; empty if there is none.

    A build lets uv use the lock as it is, and uv would install it without an error. Requirements with markers are
    skipped, because uv may have left them out.

    Args:
        data: the lock.
        project: the project's name.
        requirements: its requirements, with those of the chosen extras and groups.

    Raises:
        ValueError: it is not TOML, or not UTF-8.
    """
    versions: dict[str, set[str]] = {}
    for package in tables(parsed_toml(data).get("package")):
        versions.setdefault(_name(package), set()).add(str(package.get("version", "")))
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        name = canonicalize_name(requirement.name)
        locked = versions.get(name, set())
        if requirement.marker or name == canonicalize_name(project):
            continue
        if not locked:
            return f"does not have {requirement.name}"
        if "" not in locked and not any(
            requirement.specifier.contains(version, prereleases=True) for version in locked
        ):
            return f"has {requirement.name} {', '.join(sorted(locked))} and not {requirement.specifier}"
    return ""


def _needed(package: dict[str, Any], extra: str) -> Iterator[tuple[str, str]]:
    """Return what a package, or one of its extras, depends on: each without extras, and with those requested."""
    by_extra = table(package.get("optional-dependencies"))
    listed = package.get("dependencies") if not extra else _of(by_extra, extra)
    yield from _entries(listed)


def _grouped(package: dict[str, Any], groups: Collection[str]) -> Iterator[tuple[str, str]]:
    by_group = table(package.get("dev-dependencies"))
    for group in groups:
        yield from _entries(_of(by_group, canonicalize_name(group)))


def _entries(listed: object) -> Iterator[tuple[str, str]]:
    for entry in tables(listed):
        yield _name(entry), ""
        extras = entry.get("extra")
        for extra in extras if isinstance(extras, list) else ():
            yield _name(entry), canonicalize_name(str(extra))


def _of(tables: dict[str, Any], name: str) -> object:
    return next((value for key, value in tables.items() if canonicalize_name(key) == name), None)


def _paths(packages: Iterator[dict[str, Any]]) -> tuple[str, ...]:
    sources = [table(package.get("source")) for package in packages]
    paths = [source[key] for source in sources for key in _LOCAL if isinstance(source.get(key), str)]
    return tuple(dict.fromkeys(paths))


def _name(package: dict[str, Any]) -> str:
    return canonicalize_name(str(package.get("name", "")))
