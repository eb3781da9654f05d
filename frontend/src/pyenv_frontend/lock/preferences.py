"""Decide which versions of an earlier lock a new one keeps, and write them for the installers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import tomli_w
from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pyenv_frontend.lock.lockfile import LockFormatError, marker_environment, read_lock_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pyenv_frontend.lock.lockfile import Lock, LockTarget

__all__ = ["Wishes", "as_preferences", "has_source", "prefer", "write_constraints"]

_VERSION: Final = ("name", "version")
_SOURCES: Final = ("vcs", "directory", "archive")
"""The keys of packages that are not from an index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a call of `pyenv-frontend lock` wants changed."""

    upgrade: bool = False
    """Whether versions of the lock that exists are forgotten."""

    upgrade_packages: tuple[Requirement, ...] = ()
    """Packages whose versions are forgotten, maybe with those that they get."""

    exclude_newer: str = ""
    """Distributions uploaded after this date do not count."""

    @staticmethod
    def packages(words: Iterable[str]) -> tuple[Requirement, ...]:
        """Read the values of `--upgrade`; an empty one means all packages.

        Raises:
            ValueError: one is no package.
        """
        try:
            return tuple(Requirement(word) for word in words if word)
        except InvalidRequirement as error:
            raise ValueError(str(error).splitlines()[0]) from None

    def missing_from(self, locks: Iterable[Lock]) -> list[str]:
        """Return the packages that are to be upgraded and are in none of the locks."""
        names = {package["name"] for lock in locks for package in lock.packages}
        return [wish.name for wish in self.upgrade_packages if canonicalize_name(wish.name) not in names]

    def dropped(self, before: bytes | None, packages: Iterable[Mapping[str, Any]]) -> Requirement | None:
        """Return a package that was to get a version, and that a new lock does without, unlike the one before."""
        names = {package["name"] for package in packages}
        try:
            earlier = {package["name"] for package in read_lock_file(before or b"").packages}
        except LockFormatError:
            return None
        return next(
            (
                wish
                for wish in self.upgrade_packages
                if wish.specifier and canonicalize_name(wish.name) in earlier - names
            ),
            None,
        )

    def keep(self, before: bytes | None, target: LockTarget, platform: str) -> dict[str, Mapping[str, Any]]:
        """Return the packages of a lock for a platform whose versions are to stay, by name.

        A lock that cannot be read, for example because of a conflict in it, has none.
        """
        if before is None or self.upgrade:
            return {}
        upgraded = {canonicalize_name(requirement.name) for requirement in self.upgrade_packages}
        try:
            return {
                package["name"]: package
                for package in read_lock_file(before).packages
                if package["name"] not in upgraded and _applies(package, target, platform)
            }
        except (LockFormatError, InvalidMarker):
            return {}


def prefer(
    previous: Mapping[str, Mapping[str, Mapping[str, Any]]],
    resolutions: Mapping[str, Sequence[Mapping[str, Any]]],
    platform: str,
) -> list[Mapping[str, Any]]:
    """Return the packages whose versions are preferred: the previous ones, and what is new for an earlier platform."""
    preferred = dict(previous[platform])
    for earlier, packages in resolutions.items():
        for package in packages:
            name = package["name"]
            if name not in preferred or previous[earlier].get(name, {}).get("version") != package.get("version"):
                preferred[name] = package
    return [*preferred.values()]


def has_source(package: Mapping[str, Any]) -> bool:
    """Return whether a package of a lock is from elsewhere than an index."""
    return any(key in package for key in _SOURCES)


def _applies(package: Mapping[str, Any], target: LockTarget, platform: str) -> bool:
    """Return whether a package of a lock is for a platform."""
    environment = marker_environment(target.release, platform)
    return "marker" not in package or Marker(package["marker"]).evaluate({**environment, "extra": ""})


def as_preferences(packages: Iterable[Mapping[str, Any]]) -> bytes:
    """Return packages as a lock from which uv takes versions and commits, but no files.

    The hashes of files would become the only ones that it accepts, and the next platform may have other files.
    """
    preferences = [
        package if has_source(package) else {key: package[key] for key in _VERSION if key in package}
        for package in packages
    ]
    return tomli_w.dumps({"lock-version": "1.0", "created-by": "pyenv-frontend", "packages": preferences}).encode()


def write_constraints(packages: Iterable[Mapping[str, Any]], beside: Path) -> str:
    """Write the versions of packages as constraints, and return the file."""
    path = beside.with_name("preferred.txt")
    path.write_text("".join(f"{package['name']}=={package['version']}\n" for package in packages), "utf-8")
    return str(path)
