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
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from pyenv_frontend.expansion.independence import wheels_platform
from pyenv_frontend.inputs.parsed_toml import parsed_toml
from pyenv_frontend.lock.lockfile import MACHINES, is_package, marker_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.tags import Tag

    from pyenv_frontend.expansion.libc import Libc
    from pyenv_frontend.pyenv.instruction import PythonVersion

__all__ = ["NamedLock", "read_named_lock"]

_MICROS: Final = ("0", "99")
"""The first release of a series, and one after its last: which one an image has is not known."""

_CHOICES: Final = re.compile(r"\b(extras|dependency_groups)\b")
"""What a marker asks for that an installer chooses."""

_HEAD: Final = ("environments", "requires-python", "extras", "dependency-groups", "default-groups")
"""The tables that decide on whether a lock is installed, and on what of it."""

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
    try:
        content = parsed_toml(data)
    except ValueError:
        return None
    packages = content.get("packages", [])
    platform = platform.removesuffix("/v8")
    if not (isinstance(packages, list) and all(map(is_package, packages)) and platform in MACHINES):
        return None
    releases = [version.full] if version.full else [f"{version.minor}.{micro}" for micro in _MICROS]
    environments = [marker_environment(release, platform) for release in releases]
    left = tuple(package for package in packages if _may_apply(package.get("marker"), environments))
    tags = _tags(version, MACHINES[platform], libc)
    return NamedLock(
        packages=left,
        to_build=next((package["name"] for package in left if not _has_wheel(package, tags)), ""),
        head={key: content[key] for key in _HEAD if key in content},
    )


def _may_apply(marker: object, environments: list[dict[str, str]]) -> bool:
    """Return whether a package may be installed; if in doubt, it may."""
    if not isinstance(marker, str) or _CHOICES.search(marker):
        return True
    try:
        return any(Marker(marker).evaluate({**environment, "extra": ""}) for environment in environments)
    except (InvalidMarker, UndefinedEnvironmentName):
        return True


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


def _tags(version: PythonVersion, machine: str, libc: Libc | None) -> frozenset[Tag]:
    """Return the tags of the wheels that the installer takes, as it is told to take those for the base image."""
    python = tuple(map(int, version.minor.split(".")))
    series = "".join(map(str, python))
    platforms = [*_platforms(wheels_platform(libc), machine)]
    return frozenset(
        {
            *cpython_tags(python, [f"cp{series}m" if python < (3, 8) else f"cp{series}"], platforms),
            *compatible_tags(python, f"cp{series}", platforms),
        }
    )


def _platforms(name: str, machine: str) -> Iterator[str]:
    """Return the platforms of wheels that run with a C library, by uv's name for it; none for an empty name."""
    yield "any"
    if name.startswith("manylinux_"):
        for minor in range(int(name.rpartition("_")[2]), 4, -1):
            yield f"manylinux_2_{minor}_{machine}"
            if minor in _OLD_NAMES:
                yield f"{_OLD_NAMES[minor]}_{machine}"
    elif name:
        yield from (f"musllinux_1_{minor}_{machine}" for minor in (2, 1, 0))
