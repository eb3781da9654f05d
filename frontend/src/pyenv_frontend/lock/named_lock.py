"""A `pylock.toml` that a PYENV names as its requirements, whichever program has made it.

Such a lock may be for many platforms and may offer source distributions beside wheels, so what matters here of it is
what is left for one interpreter on one platform. Pure; imported only where a PYENV names a lock.

Source of truth: the specification of `pylock.toml` (PEP 751), and of the tags of wheels (PEP 425, PEP 600, PEP 656).
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from packaging.markers import InvalidMarker, Marker, UndefinedEnvironmentName
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from pyenv_frontend.expansion.independence import wheels_platform
from pyenv_frontend.inputs.parsed_toml import parsed_toml
from pyenv_frontend.lock.lockfile import MACHINES, is_package, marker_environment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from packaging.tags import Tag

    from pyenv_frontend.expansion.libc import Libc
    from pyenv_frontend.pyenv.instruction import PythonVersion

__all__ = ["NamedLock", "other_python", "read_named_lock", "without_wheel"]

_MICROS: Final = ("0", "99")
"""The first release of a series, and one after its last: which one an image has is not known."""

_CHOICES: Final = re.compile(r"\b(extras|dependency_groups)\b")
"""What a marker asks for that an installer chooses."""

_HEAD: Final = ("environments", "requires-python", "extras", "dependency-groups", "default-groups")
"""The tables that decide on whether a lock is installed, and on what of it."""

_ALL_LIBCS: Final = ("manylinux_2_99", "unknown-linux-musl")
"""In uv's words."""

_OLD_NAMES: Final = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
"""The names of platforms before PEP 600, by the minor version of glibc."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLock:
    """What one platform and one Python take of a lock."""

    packages: tuple[Mapping[str, Any], ...]
    """The `[[packages]]` tables that may be installed."""

    to_build: str
    """The first of them that has to be built, or may have to be; empty: none."""

    head: Mapping[str, Any]
    """The tables about all packages that an installer reads."""

    by_others: bool = True
    """Nobody has made sure that its packages fit together on this Python."""


def read_named_lock(data: bytes, version: PythonVersion, platform: str, libc: Libc | None) -> NamedLock | None:
    """Read a lock for an interpreter.

    Args:
        data: the file.
        version: the version of Python.
        platform: the platform: `linux/amd64`.
        libc: the C library of the base image, or None if it is not known.

    Returns:
        What is left of it; None if it has not the form of a lock, which the installer explains better.
    """
    content = _read(data)
    platform = platform.removesuffix("/v8")
    if content is None or platform not in MACHINES:
        return None
    environments = _environments(version, platform)
    left = tuple(package for package in content.get("packages", []) if _may_apply(package.get("marker"), environments))
    tags = _tags(version, MACHINES[platform], [wheels_platform(libc)])
    return NamedLock(
        packages=left,
        to_build=next((package["name"] for package in left if not _has_wheel(package, tags)), ""),
        head={key: content[key] for key in _HEAD if key in content},
    )


def without_wheel(data: bytes, version: PythonVersion, platforms: Collection[str], libc: Libc | None) -> str:
    """Return a package of a lock that cannot be installed: it has wheels alone, and none fits.

    Args:
        data: the file.
        version: the version of Python.
        platforms: the platforms; the package can be installed on none of them.
        libc: the C library of the base image, or None if it is not known.

    Returns:
        Its name and version; empty if there is none, or the file does not have the form of a lock.
    """
    content = _read(data)
    platforms = [platform.removesuffix("/v8") for platform in platforms]
    if content is None or not MACHINES.keys() >= {*platforms}:
        return ""
    libcs = _ALL_LIBCS if libc is None else (_exactly(libc),)
    targets = [(_environments(version, platform), _tags(version, MACHINES[platform], libcs)) for platform in platforms]
    for package in content.get("packages", []):
        wheels = [_tags_of(wheel) for wheel in package.get("wheels", ())]
        if not wheels or not all(wheels) or "sdist" in package:
            continue
        marker = package.get("marker")
        if all(
            _applies(marker, environments) and not any(tags & wheel for wheel in wheels)
            for environments, tags in targets
        ):
            return f"{package['name']} {package.get('version', '')}".rstrip()
    return ""


def other_python(data: bytes, version: PythonVersion) -> str:
    """Return the versions of Python that a lock is for, if it is not for this one; empty if it is, or may be."""
    content = _read(data) or {}
    versions = content.get("requires-python")
    try:
        specifier = SpecifierSet(versions if isinstance(versions, str) else "")
    except InvalidSpecifier:
        return ""
    fits = any(specifier.contains(release, prereleases=True) for release in _releases(version))
    return "" if fits else str(versions)


def _exactly(libc: Libc) -> str:
    """Return a C library in uv's words; those of `wheels_platform` may name an older one."""
    return wheels_platform(libc) if libc.kind == "musl" else "manylinux_{}_{}".format(*libc.version)


def _read(data: bytes) -> Mapping[str, Any] | None:
    """Return the tables of a lock; None if it has not the form of one."""
    try:
        content = parsed_toml(data)
    except ValueError:
        return None
    packages = content.get("packages", [])
    return content if isinstance(packages, list) and all(map(is_package, packages)) else None


def _releases(version: PythonVersion) -> list[str]:
    """Return the releases that the interpreter may have, or the first and the last of them."""
    return [version.full] if version.full else [f"{version.minor}.{micro}" for micro in _MICROS]


def _environments(version: PythonVersion, platform: str) -> list[dict[str, str]]:
    """Return the environments of markers, for the releases that the interpreter may have."""
    return [marker_environment(release, platform) for release in _releases(version)]


def _may_apply(marker: object, environments: list[dict[str, str]]) -> bool:
    """Return whether a package may be installed; if in doubt, it may."""
    return marker is None or any(_verdicts(marker, environments) or (True,))


def _applies(marker: object, environments: list[dict[str, str]]) -> bool:
    """Return whether a package is installed for sure."""
    return marker is None or all(_verdicts(marker, environments) or (False,))


def _verdicts(marker: object, environments: list[dict[str, str]]) -> list[bool]:
    """Evaluate a marker in each environment; nothing if that is not possible here."""
    if not isinstance(marker, str) or _CHOICES.search(marker):
        return []
    try:
        return [Marker(marker).evaluate({**environment, "extra": ""}) for environment in environments]
    except (InvalidMarker, UndefinedEnvironmentName):
        return []


def _has_wheel(package: Mapping[str, Any], tags: frozenset[Tag]) -> bool:
    """Return whether a package is installed from a wheel for sure.

    One that has nothing but wheels is never built, whether or not one of them fits.
    """
    wheels = package.get("wheels", ())
    if "sdist" not in package:
        return bool(wheels)
    return any(_tags_of(wheel) & tags for wheel in wheels)


def _tags_of(wheel: Mapping[str, Any]) -> frozenset[Tag]:
    place = str(wheel.get("name") or urlsplit(str(wheel.get("url", ""))).path or wheel.get("path", ""))
    try:
        return parse_wheel_filename(unquote(posixpath.basename(place)))[3]
    except InvalidWheelFilename:
        return frozenset()


def _tags(version: PythonVersion, machine: str, libcs: Iterable[str]) -> frozenset[Tag]:
    """Return the tags of the wheels that the installer takes, as it is told to take those for the base image."""
    python = tuple(map(int, version.minor.split(".")))
    series = "".join(map(str, python))
    platforms = [platform for libc in libcs for platform in _platforms(libc, machine)]
    return frozenset(
        {
            *cpython_tags(python, [f"cp{series}m" if python < (3, 8) else f"cp{series}"], platforms),
            *compatible_tags(python, f"cp{series}", platforms),
        }
    )


def _platforms(name: str, machine: str) -> Iterator[str]:
    """Return the platforms of wheels that run with a C library, by uv's name for it; none for an empty name."""
    yield "any"
    if name:
        yield f"linux_{machine}"
    if name.startswith("manylinux_"):
        for minor in range(int(name.rpartition("_")[2]), 4, -1):
            yield f"manylinux_2_{minor}_{machine}"
            if minor in _OLD_NAMES:
                yield f"{_OLD_NAMES[minor]}_{machine}"
    elif name:
        yield from (f"musllinux_1_{minor}_{machine}" for minor in (2, 1, 0))
