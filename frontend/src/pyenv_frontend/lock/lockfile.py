"""A lock file: packages as PEP 751 describes them, and in `[tool.pyenv-frontend]` what they were resolved for and from.

Pure: bytes in, values out. The frontend imports this module in builds that have a lock, so it imports little.

Source of truth: the specification of `pylock.toml` (PEP 751), and `packaging.pylock` where a file is validated.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pyenv_frontend.inputs.parsed_toml import parsed_toml
from pyenv_frontend.sha2 import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "FORMAT",
    "MACHINES",
    "Lock",
    "LockFormatError",
    "LockTarget",
    "as_document",
    "files_of",
    "is_ours",
    "is_package",
    "marker_environment",
    "merge_platforms",
    "read_lock_file",
]

FORMAT: Final = 2
"""The version of `[tool.pyenv-frontend]`; a lock of another version is made again."""

MACHINES: Final = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
"""The platforms of locks, and `platform_machine` of each."""

_TABLE: Final = "pyenv-frontend"
_ADDRESSES: Final = frozenset({"url", "path", "index", "wheels", "sdist", "archive"})
"""The keys of tables of packages and files that say where files are, or hold the tables of files."""

_RELEASE: Final = re.compile(r"[0-9]+(\.[0-9]+)*")
_LIBC: Final = re.compile(r"musl|glibc \d+\.\d+")


def marker_environment(python: str, platform: str) -> dict[str, str]:
    """Return the values of markers for an interpreter.

    Args:
        python: its release; of a series (`3.9`) the first one counts, as it does for uv.
        platform: as Docker writes it: `linux/amd64`.
    """
    series = ".".join(python.split(".")[:2])
    full = f"{python}.0" if python == series else python
    return {
        "python_version": series,
        "python_full_version": full,
        "implementation_version": full,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_machine": MACHINES[platform],
        "platform_system": "Linux",
        "sys_platform": "linux",
        "os_name": "posix",
        "platform_release": "",
        "platform_version": "",
    }


class LockFormatError(ValueError):
    """A file is not a lock of ours; `str()` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockTarget:
    """The target that an environment is resolved for."""

    python: str
    """As the PYENV has it: `3.9`, `3.9.18`, `3.15-rc`."""

    libc: str
    """`glibc 2.36`, or `musl`."""

    platforms: tuple[str, ...]
    """As Docker writes them, sorted: `linux/amd64`."""

    @property
    def series(self) -> str:
        """The Python series: `3.9`."""
        return ".".join(self.release.split(".")[:2])

    @property
    def release(self) -> str:
        """The version without the word for a pre-release: `3.9.18`, `3.15`."""
        match = _RELEASE.match(self.python)
        return match[0] if match else self.python


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The content of a lock file."""

    target: LockTarget
    inputs: Mapping[str, str]
    """What it was made from: readable names (`requirements.txt`, `options`), and a digest of each."""

    packages: tuple[Mapping[str, Any], ...]
    """The `[[packages]]` tables, in order."""

    head: Mapping[str, Any] = MappingProxyType({})
    """Nothing: its packages were chosen when it was made."""

    by_others: bool = False
    """Its packages fit together: it was resolved for this Python."""

    edited: bool = False
    """Whether its packages are not those that were written."""

    @property
    def to_build(self) -> str:
        """The first package that has to be built, or may have to be; empty: none."""
        return next(
            (package["name"] for package in self.packages if not package.get("wheels") or "sdist" in package), ""
        )

    @property
    def only_wheels(self) -> bool:
        """Whether nothing in it has to be built."""
        return not self.to_build

    @property
    def files(self) -> tuple[dict[str, Any], ...]:
        """The tables of its files and folders."""
        return tuple(file for package in self.packages for file in files_of(package))

    @property
    def file_elsewhere(self) -> str:
        """A file of the machine that made the lock, which no build has, as a `file:` URL; mostly empty."""
        return next((file["url"] for file in self.files if file.get("url", "").startswith("file:")), "")


def files_of(package: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tables of a package's files and folders."""
    return [*package.get("wheels", ()), *(package[key] for key in ("sdist", "archive", "directory") if key in package)]


def is_ours(data: bytes) -> bool:
    """Return whether a file is a lock of ours, even if a conflict of a merge is in it, or is empty."""
    return not data.strip() or f"[tool.{_TABLE}]".encode() in data


def read_lock_file(data: bytes) -> Lock:
    """Read a lock that `pyenv-frontend lock` has written.

    Raises:
        LockFormatError: it is not TOML, or was written by something else.
    """
    try:
        content = parsed_toml(data)
    except ValueError as error:
        raise LockFormatError(f"it is not TOML: {error}") from None
    tool = content.get("tool")
    table = tool.get(_TABLE) if isinstance(tool, dict) else None
    if not isinstance(table, dict):
        raise LockFormatError("it was not written by pyenv-frontend lock")
    if table.get("format") != FORMAT:
        raise LockFormatError("it was written by another version of pyenv-frontend")
    packages = content.get("packages", [])
    if not (isinstance(packages, list) and all(map(is_package, packages))):
        raise LockFormatError("its [[packages]] are damaged")
    damaged = LockFormatError("its table [tool.pyenv-frontend] is damaged")
    if not _LIBC.fullmatch(str(table.get("libc"))):
        raise damaged
    try:
        return Lock(
            target=LockTarget(
                python=str(table["python"]), libc=str(table["libc"]), platforms=tuple(map(str, table["platforms"]))
            ),
            inputs={str(key): str(value) for key, value in table["inputs"].items()},
            packages=tuple(packages),
            edited=table.get("packages") != _digest(content),
        )
    except (KeyError, TypeError, AttributeError):
        raise damaged from None


def is_package(entry: Any) -> bool:
    """Return whether an entry has the form on which builds rely."""
    if not isinstance(entry, dict):
        return False
    wheels = entry.get("wheels", [])
    return (
        isinstance(entry.get("name"), str)
        and isinstance(wheels, list)
        and all(isinstance(wheel, dict) and isinstance(wheel.get("size", 0), int) for wheel in wheels)
    )


def as_document(lock: Lock) -> dict[str, Any]:
    """Return the whole file as the tables that a TOML writer takes."""
    target = lock.target
    major, minor = target.series.split(".")
    machines = [
        f"sys_platform == 'linux' and platform_machine == '{MACHINES[platform]}'" for platform in target.platforms
    ]
    content = {
        "lock-version": "1.0",
        "environments": machines,
        "requires-python": f">={major}.{minor},<{major}.{int(minor) + 1}",
        "created-by": "pyenv-frontend",
        "packages": list(lock.packages),
    }
    table = {
        "format": FORMAT,
        "python": target.python,
        "libc": target.libc,
        "platforms": list(target.platforms),
        "packages": _digest(content),
        "inputs": dict(lock.inputs),
    }
    return {**content, "tool": {_TABLE: table}}


def _digest(content: Mapping[str, Any]) -> str:
    """Return a digest of all that an installer reads, but for addresses: these may be edited, for a mirror."""
    facts = {key: content.get(key) for key in ("lock-version", "environments", "requires-python")}
    facts["packages"] = [
        {**_without_addresses(package), "vcs": _without_addresses(package.get("vcs", {})), "files": _files(package)}
        for package in content.get("packages", [])
    ]
    return f"sha256:{sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()}"


def _files(package: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [_without_addresses(file) for file in files_of(package) if file is not package.get("directory")]


def _without_addresses(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in _ADDRESSES}


def merge_platforms(resolutions: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[Mapping[str, Any], ...]:
    """Merge the resolutions of several platforms into one list of packages.

    A package that some platforms lack gets a marker. Source distributions are left out if each platform has a wheel,
    so that nothing is built without need.

    Args:
        resolutions: the `[[packages]]` tables by platform.
    """
    groups: dict[tuple[str, ...], dict[str, Mapping[str, Any]]] = {}
    for platform, packages in resolutions.items():
        for package in packages:
            groups.setdefault(_identity(package), {})[platform] = package
    merged = [_merged(by_platform, [*resolutions]) for by_platform in groups.values()]
    return tuple(
        sorted(merged, key=lambda package: (package["name"], package.get("version", ""), package.get("marker", "")))
    )


def _identity(package: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what makes two entries the same package: name, version, and a source that is not an index."""
    source = [repr(package.get(key)) for key in ("directory", "vcs", "archive", "marker")]
    return (package["name"], package.get("version", ""), *source)


def _merged(by_platform: Mapping[str, Mapping[str, Any]], platforms: list[str]) -> dict[str, Any]:
    first = dict(next(iter(by_platform.values())))
    wheels = {
        wheel.get("url") or wheel["path"]: wheel
        for package in by_platform.values()
        for wheel in package.get("wheels", ())
    }
    if len(by_platform) < len(platforms):
        present = " or ".join(
            f"platform_machine == '{MACHINES[platform]}'" for platform in platforms if platform in by_platform
        )
        marker = first.get("marker")
        first["marker"] = f"({marker}) and ({present})" if marker not in {None, present} else present
    first.pop("wheels", None)
    if all(package.get("wheels") for package in by_platform.values()):
        first.pop("sdist", None)
    if wheels:
        first["wheels"] = [wheels[place] for place in sorted(wheels, key=lambda place: place.rpartition("/")[2])]
    return {key: first[key] for key in _ORDER if key in first}


_ORDER: Final = (
    "name",
    "version",
    "marker",
    "requires-python",
    "index",
    "vcs",
    "directory",
    "archive",
    "sdist",
    "wheels",
)
"""The keys of a package in the order in which they are written."""
