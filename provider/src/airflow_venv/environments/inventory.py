"""What can be told of each environment without starting it, for the command line and the page alike."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_venv.environments import facts as environment
from airflow_venv.environments import lookup
from airflow_venv.environments.conflicts import conflicts
from airflow_venv.environments.end_of_life import end_of_life
from airflow_venv.environments.files import decodable
from airflow_venv.environments.requested import requested
from airflow_venv.errors import BrokenEnvironmentError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

__all__ = ["LOCK_LIMIT", "EnvironmentReport", "Lock", "describe", "describe_all", "read_lock"]

LOCK_LIMIT = 4_000_000
"""Bytes of a lock that are read at most; a lock of a thousand packages has about a million."""


@dataclass(frozen=True)
class EnvironmentReport:
    """One environment as its files describe it."""

    name: str
    python: str
    """The path that its variable holds."""
    version: str
    """`3.8.18` or `3.8`; empty if no file tells."""
    end_of_life: date | None
    """The last day of security fixes for its Python."""
    packages: Mapping[str, str]
    """Normalized distribution name to version."""
    system_site_packages: bool
    prefix: str
    """Its folder."""
    pyenv_line: str
    """The PYENV line that it was built from; empty if it does not say."""
    lock: str
    """The path of its lock; empty if it has none."""
    problem: str
    """Why its interpreter cannot be started, in the sentence of `airflow-venv doctor`; empty if it can."""
    site_packages: tuple[str, ...]

    @property
    def has_folder(self) -> bool:
        """Tell whether the folder belongs to the environment alone, so that its size says something."""
        return bool(self.prefix) and os.path.isfile(os.path.join(self.prefix, "pyvenv.cfg"))  # noqa: PTH113, PTH118 - never raises

    def requested(self) -> frozenset[str]:
        """Return the packages that were asked for, by name; the others came as their dependencies."""
        return requested(self.site_packages, self.packages)

    def conflicts(self) -> tuple[str, ...]:
        """Return a sentence for each requirement that the installed packages do not meet."""
        return tuple(conflicts(environment.read(self.python)))


@dataclass(frozen=True)
class Lock:
    """The lock of an environment (PEP 751)."""

    file: str
    """Its name, without folders."""
    text: str
    truncated: bool
    """Whether it is longer than what is read."""


def describe(name: str, python: str) -> EnvironmentReport:
    """Read what the files of an environment say."""
    facts = environment.read(python)
    try:
        lookup.check_python(python, f"{lookup.PREFIX}{name}")
        problem = ""
    except BrokenEnvironmentError as error:
        problem = str(error)
    return EnvironmentReport(
        name=decodable(name),
        python=python,
        version=".".join(map(str, facts.version or ())),
        end_of_life=end_of_life(facts.version),
        packages=facts.packages,
        system_site_packages=facts.system_site_packages,
        prefix=facts.prefix,
        pyenv_line=facts.pyenv_line,
        lock=facts.lock,
        problem=problem,
        site_packages=facts.site_packages,
    )


def describe_all(environ: Mapping[str, str] | None = None) -> list[EnvironmentReport]:
    """Read the files of every environment that the process knows of."""
    return [describe(name, python) for name, python in lookup.environments(environ).items()]


def read_lock(report: EnvironmentReport) -> Lock | None:
    """Read the lock of an environment; None if it has none, or none that can be read."""
    if not report.lock:
        return None
    try:
        with Path(report.lock).open("rb") as file:
            data = file.read(LOCK_LIMIT + 1)
    except OSError:
        return None
    text = data[:LOCK_LIMIT].decode("utf-8", errors="replace")
    return Lock(file=Path(report.lock).name, text=text, truncated=len(data) > LOCK_LIMIT)
