"""What an environment is, read from its files: no process is started for it.

A virtual environment says its Python version in `pyvenv.cfg` and its packages by the names of the `*.dist-info`
folders. Reading both takes under a millisecond. An interpreter that is no virtual environment (conda, a system
Python) says neither; then `read` gives what the folders beside it say and leaves the rest unknown.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from airflow_venv.environments.files import decodable, glob, read_head

__all__ = ["Environment", "read", "read_version"]

_SETTINGS_LIMIT = 100_000
"""Bytes of a `pyvenv.cfg` that are read at most; it has a few hundred."""
_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?")


@dataclass(frozen=True)
class Environment:
    """The static facts of one environment."""

    python: str
    """Absolute path of the interpreter, as the caller gave it."""
    version: tuple[int, ...] | None = None
    """`(3, 8, 18)` or `(3, 8)`; None where no file tells."""
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
    """Path of the lock (PEP 751) that lies beside `pyvenv.cfg`; empty where there is none."""

    def has(self, distribution: str) -> bool:
        """Return whether the distribution (any spelling of its name) is installed in the environment."""
        return normalize(distribution) in self.packages


def normalize(name: str) -> str:
    """Spell a distribution's name as the packaging standards compare names (lower case, single dashes)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read(python: str) -> Environment:
    """Read the facts of the environment that `python` (a path) belongs to."""
    prefix, settings = _find_settings(python)
    version = _version(settings)
    folders = _site_packages(prefix, version)
    if version is None and len(folders) == 1:
        version = _numbers(folders[0].parent.name.replace("python", ""))
    system = settings.get("include-system-site-packages", "").lower() == "true"
    searched = folders
    if system and version and (home := settings.get("home")):
        searched = [*folders, *_site_packages(Path(home).parent, version)]
    packages: dict[str, str] = {}
    for site in searched:
        for name, number in _distributions(site):
            packages.setdefault(name, number)
    return Environment(
        python=python,
        version=version,
        packages=packages,
        is_venv=bool(settings),
        prefix=str(prefix),
        system_site_packages=system,
        site_packages=tuple(map(str, searched)),
        pyenv_line=next((value for value in settings.values() if value.upper().startswith("PYENV ")), ""),
        lock=_lock(prefix) if settings else "",
    )


def read_version(python: str) -> tuple[int, ...] | None:
    """Read the version of an environment alone, in some microseconds; None where `pyvenv.cfg` does not tell."""
    return _version(_find_settings(python)[1])


def _find_settings(python: str) -> tuple[Path, dict[str, str]]:
    """Find the environment's folder and read its `pyvenv.cfg`; no settings where it is no virtual environment."""
    prefix = Path(python).parent.parent
    for folder in (Path(python).parent, prefix):
        settings = _settings(folder / "pyvenv.cfg")
        if settings:
            return folder, settings
    return prefix, {}


def _lock(prefix: Path) -> str:
    """Find the lock of an environment; a link that leads out of the environment's folder does not count."""
    for path in glob(prefix, "pylock*.toml"):
        if os.path.isfile(path) and os.path.realpath(path).startswith(os.path.realpath(prefix) + os.sep):  # noqa: PTH113 - never raises
            return str(path)
    return ""


def _settings(path: Path) -> dict[str, str]:
    """Parse `key = value` lines; nothing where the file is missing."""
    lines = read_head(path, _SETTINGS_LIMIT).splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _version(settings: dict[str, str]) -> tuple[int, ...] | None:
    """Find the version: `version` by the standard library's venv, `version_info` by uv and virtualenv."""
    return _numbers(settings.get("version") or settings.get("version_info") or "")


def _numbers(text: str) -> tuple[int, ...] | None:
    """Turn `3.8.18.final.0` into `(3, 8, 18)`."""
    match = _VERSION.match(text)
    return tuple(int(part) for part in match.groups() if part is not None) if match else None


def _site_packages(prefix: Path, version: tuple[int, ...] | None) -> list[Path]:
    """List the site-packages folders under a prefix; of the right minor version when it is known."""
    minor = ".".join(map(str, version[:2])) if version else "*"
    folders = [*glob(prefix, f"lib/python{minor}/site-packages"), *glob(prefix, f"lib/python{minor}/dist-packages")]
    return sorted(folders) or glob(prefix, "Lib/site-packages")


def _distributions(site: Path) -> list[tuple[str, str]]:
    """Read names and versions off the `*.dist-info` and `*.egg-info` entries of one folder."""
    try:
        entries = sorted(os.listdir(site))  # noqa: PTH208 - names are all that is needed
    except OSError:
        return []
    distributions = []
    for entry in entries:
        stem, dot, kind = entry.rpartition(".")
        if dot and kind in {"dist-info", "egg-info"}:
            name, _, rest = stem.partition("-")
            if name:
                distributions.append((decodable(normalize(name)), decodable(rest.partition("-")[0])))
    return distributions
