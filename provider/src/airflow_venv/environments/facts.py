"""Read the facts of an environment from its files, without starting a process.

The Python version of a virtual environment is in `pyvenv.cfg`, and its packages are the names of the `*.dist-info`
folders. Reading both takes under a millisecond. For an interpreter outside of a virtual environment (conda, a system
Python), `read` uses the folders beside it, and leaves everything else unknown.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_venv.environments.files import decodable, is_inside, list_folder, read_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Environment", "read", "read_version"]

_SETTINGS_LIMIT = 100_000
"""Maximum number of bytes to read of a `pyvenv.cfg`, which has a few hundred."""
_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?")


@dataclass(frozen=True)
class Environment:
    """The static facts of one environment."""

    python: str
    """Absolute path of the interpreter, as the caller gave it."""
    version: tuple[int, ...] | None = None
    """`(3, 8, 18)` or `(3, 8)`; None if no file has it."""
    packages: dict[str, str] = field(default_factory=dict)
    """Normalized distribution name to version."""
    is_venv: bool = False
    """Whether a `pyvenv.cfg` was found."""
    prefix: str = ""
    """The folder of the environment: the one that has `pyvenv.cfg`, or the parent of `bin`."""
    system_site_packages: bool = False
    """Whether the environment also sees the packages of its base interpreter."""
    site_packages: tuple[str, ...] = ()
    """The folders that the packages were read from."""
    pyenv_line: str = ""
    """The `PYENV` line that the environment was built from; empty where `pyvenv.cfg` does not have it."""
    lock: str = ""
    """Path of the lock (PEP 751) that lies beside `pyvenv.cfg`; empty if there is none that may be shown."""
    unreadable: tuple[str, ...] = ()
    """A sentence for each file or folder that is there and cannot be read, so that something may be missing above."""
    packages_are_whole: bool = True
    """False if a folder of packages cannot be read, so that there may be more packages."""
    lock_is_known: bool = True
    """False if there may be a lock that cannot be read."""

    @property
    def version_text(self) -> str:
        """The version as `3.8.18` or `3.8`; empty if no file has it."""
        return ".".join(map(str, self.version or ()))

    def has(self, distribution: str) -> bool:
        """Return whether the distribution (any spelling of its name) is installed in the environment."""
        return normalize(distribution) in self.packages


def normalize(name: str) -> str:
    """Spell a distribution's name as the packaging standards compare names (lower case, single dashes)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read(python: str) -> Environment:
    """Read the facts of the environment that `python` (a path) belongs to."""
    prefix, settings = _find_settings(python)
    version = _version(settings.values)
    folders = _site_packages(prefix, version)
    if version is None and len(folders.existing) == 1:
        version = _numbers(folders.existing[0].parent.name.replace("python", ""))
    problems = list(folders.problems)
    if settings.exists and not folders.existing and not problems:
        expected = f"python{'.'.join(map(str, version[:2])) if version else 3}"
        problems.append(f"There is no folder {str(prefix / 'lib' / expected / 'site-packages')!r}.")
    searched = folders
    system = settings.values.get("include-system-site-packages", "").lower() == "true"
    if system and version and (home := settings.values.get("home")):
        base = _site_packages(Path(home).parent, version)
        searched = _Folders((*folders.existing, *base.existing), (*folders.names, *base.names), ())
        problems += base.problems
    packages: dict[str, str] = {}
    for names in searched.names:
        for name, number in _distributions(names):
            packages.setdefault(name, number)
    lock, lock_problem = _lock(prefix) if settings.exists else ("", "")
    return Environment(
        python=python,
        version=version,
        packages=packages,
        is_venv=settings.exists,
        prefix=str(prefix),
        system_site_packages=system,
        site_packages=tuple(map(str, searched.existing)),
        pyenv_line=next((value for value in settings.values.values() if value.upper().startswith("PYENV ")), ""),
        lock=lock,
        unreadable=tuple(dict.fromkeys(filter(None, [*settings.problems, *problems, lock_problem]))),
        packages_are_whole=not problems,
        lock_is_known=not lock_problem,
    )


def read_version(python: str) -> tuple[int, ...] | None:
    """Read only the version of an environment, in some microseconds; None if `pyvenv.cfg` does not have it."""
    return _version(_find_settings(python)[1].values)


@dataclass(frozen=True)
class _Settings:
    """A `pyvenv.cfg`."""

    values: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    """Why not all of it was read."""

    @property
    def exists(self) -> bool:
        """Return whether there is such a file, even if it cannot be read."""
        return bool(self.values or self.problems)


@dataclass(frozen=True)
class _Folders:
    """The folders of packages under one prefix."""

    existing: tuple[Path, ...]
    names: tuple[tuple[str, ...], ...]
    """The entries of each."""
    problems: tuple[str, ...]
    """Why there may be more."""


def _find_settings(python: str) -> tuple[Path, _Settings]:
    """Find the environment's folder and read its `pyvenv.cfg`; no settings where it is no virtual environment."""
    folder, prefix = Path(python).parent, Path(python).parent.parent
    settings = _settings(folder / "pyvenv.cfg")
    if settings.values or (settings.problems and os.path.lexists(folder / "pyvenv.cfg")):
        return folder, settings
    return prefix, _settings(prefix / "pyvenv.cfg")


def _lock(prefix: Path) -> tuple[str, str]:
    """Find the lock of an environment, or the reason why it cannot be read.

    A link that leads out of the environment's folder does not count: it would show any file of the machine.
    """
    folder = list_folder(prefix)
    problem = folder.problem
    for name in folder.names:
        path = prefix / name
        if not (name.startswith("pylock") and name.endswith(".toml")):
            continue
        if not os.path.exists(path):  # noqa: PTH110 - never raises
            problem = problem or read_head(path, 0).problem
        elif not is_inside(path, prefix):
            problem = problem or f"{str(path)!r} is not shown: it is a link that leads out of the environment's folder."
        else:
            return str(path), ""
    return "", problem


def _settings(path: Path) -> _Settings:
    """Parse `key = value` lines; nothing where the file is missing."""
    head = read_head(path, _SETTINGS_LIMIT)
    problems = [head.problem] if head.problem else []
    if not head.is_whole:
        problems.append(f"{str(path)!r} is longer than {_SETTINGS_LIMIT:,} bytes; the rest was not read.")
    pairs = (line.partition("=") for line in head.text.splitlines() if "=" in line)
    return _Settings({key.strip().lower(): value.strip() for key, _, value in pairs}, tuple(problems))


def _version(settings: dict[str, str]) -> tuple[int, ...] | None:
    """Find the version: `version` by the standard library's venv, `version_info` by uv and virtualenv."""
    return _numbers(settings.get("version") or settings.get("version_info") or "")


def _numbers(text: str) -> tuple[int, ...] | None:
    """Turn `3.8.18.final.0` into `(3, 8, 18)`."""
    match = _VERSION.match(text)
    return tuple(int(part) for part in match.groups() if part is not None) if match else None


def _site_packages(prefix: Path, version: tuple[int, ...] | None) -> _Folders:
    """Read the names in the folders of packages under a prefix; of the right minor version when it is known."""
    if version:
        pythons, problems = [f"python{'.'.join(map(str, version[:2]))}"], []
    else:
        parent = list_folder(prefix / "lib")
        pythons = [name for name in parent.names if name.startswith("python")]
        problems = [parent.problem] if parent.problem else []
    existing, names = [], []
    for path in [prefix / "lib" / python / kind for python in pythons for kind in ("dist-packages", "site-packages")]:
        folder = list_folder(path)
        if folder.exists:
            existing.append(path)
            names.append(folder.names)
        if folder.problem:
            problems.append(folder.problem)
    return _Folders(tuple(existing), tuple(names), tuple(problems))


def _distributions(entries: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Read names and versions from the names of the `*.dist-info` and `*.egg-info` entries of one folder."""
    for entry in entries:
        stem, dot, kind = entry.rpartition(".")
        if dot and kind in {"dist-info", "egg-info"}:
            name, _, rest = stem.partition("-")
            if name:
                yield decodable(normalize(name)), decodable(rest.partition("-")[0])
