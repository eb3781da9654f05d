"""What can be told of each environment without starting it, for the command line and the page alike."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_venv.environments import facts as environment
from airflow_venv.environments import lookup
from airflow_venv.environments.conflicts import conflicts
from airflow_venv.environments.end_of_life import end_of_life
from airflow_venv.environments.files import decodable, is_inside, read_head
from airflow_venv.environments.package_metadata import read_metadata
from airflow_venv.errors import BrokenEnvironmentError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

__all__ = [
    "LOCK_LIMIT",
    "EnvironmentDetails",
    "EnvironmentReport",
    "Lock",
    "describe",
    "describe_all",
    "read_details",
    "read_lock",
]

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
    """The path of its lock; empty if it has none that can be shown."""
    problem: str
    """Why its interpreter cannot be started, in the sentence of `airflow-venv doctor`; empty if it can."""
    site_packages: tuple[str, ...]
    unreadable: tuple[str, ...] = ()
    """A sentence for each file or folder that is there and cannot be read, so that something may be missing above."""
    packages_are_whole: bool = True
    """False if a folder of packages cannot be read, so that there may be more packages."""
    lock_is_known: bool = True
    """False if there may be a lock that cannot be read."""

    @property
    def has_folder(self) -> bool:
        """Return whether the folder belongs to the environment only, so that its size is meaningful."""
        return bool(self.prefix) and os.path.isfile(os.path.join(self.prefix, "pyvenv.cfg"))  # noqa: PTH113, PTH118 - never raises


@dataclass(frozen=True)
class EnvironmentDetails:
    """What takes more than a glance at an environment's files."""

    requested: frozenset[str]
    """The packages that were asked for by name."""
    conflicts: tuple[str, ...]
    """A sentence for each requirement that is not met."""
    unreadable: tuple[str, ...]
    """A sentence for each package whose metadata cannot be read."""


@dataclass(frozen=True)
class Lock:
    """The lock of an environment (PEP 751)."""

    file: str
    """Its name, without folders."""
    text: str
    truncated: bool
    """Whether it is longer than what is read."""
    problem: str
    """Why it cannot be read, as a sentence; empty if it can."""


def describe(name: str, python: str) -> EnvironmentReport:
    """Read what the files of an environment say."""
    try:
        lookup.check_python(python, f"{lookup.PREFIX}{name}")
        problem = ""
    except BrokenEnvironmentError as error:
        problem = str(error)
    # A relative path would be looked up wherever this process happens to run.
    facts = environment.read(python) if os.path.isabs(python) else environment.Environment(python)  # noqa: PTH117
    if problem and not facts.is_venv:  # of a folder, or of a device: what lies around it is no environment
        facts = environment.Environment(python)
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
        unreadable=facts.unreadable,
        packages_are_whole=facts.packages_are_whole,
        lock_is_known=facts.lock_is_known,
    )


def describe_all(environ: Mapping[str, str] | None = None) -> list[EnvironmentReport]:
    """Read the files of every environment that the process knows of."""
    return [describe(name, python) for name, python in lookup.environments(environ).items()]


def read_details(report: EnvironmentReport) -> EnvironmentDetails:
    """Read the metadata of an environment's packages."""
    metadata = read_metadata(report.site_packages)
    return EnvironmentDetails(
        requested=metadata.requested(report.packages),
        conflicts=tuple(conflicts(environment.read(report.python), metadata)),
        unreadable=metadata.unreadable,
    )


def read_lock(report: EnvironmentReport) -> Lock | None:
    """Read the lock of an environment; None if it has none."""
    # The file may have become a link to elsewhere since it was looked for.
    if not (report.lock and is_inside(report.lock, report.prefix)):
        return None
    head = read_head(report.lock, LOCK_LIMIT)
    return Lock(os.path.basename(report.lock), head.text, not head.is_whole, head.problem)  # noqa: PTH119
