"""Describe environments without starting them, for the command line and the page."""

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

    from airflow_venv.environments.facts import Environment

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
    facts: Environment
    """What its files say; `python` is the path that its variable holds."""
    problem: str
    """Why its interpreter cannot be started, in the sentence of `airflow-venv doctor`; empty if it can."""

    @property
    def end_of_life(self) -> date | None:
        """The last day of security fixes for its Python."""
        return end_of_life(self.facts.version)

    @property
    def has_folder(self) -> bool:
        """Return whether the folder belongs to the environment only, so that its size is meaningful."""
        return bool(self.facts.prefix) and os.path.isfile(os.path.join(self.facts.prefix, "pyvenv.cfg"))  # noqa: PTH113, PTH118 - never raises


@dataclass(frozen=True)
class EnvironmentDetails:
    """Facts that take longer to read than those of `EnvironmentReport`."""

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
    """Describe an environment by its files."""
    try:
        lookup.check_python(python, f"{lookup.PREFIX}{name}")
        problem = ""
    except BrokenEnvironmentError as error:
        problem = str(error)
    # A relative path would be looked up wherever this process happens to run.
    facts = environment.read(python) if os.path.isabs(python) else environment.Environment(python)  # noqa: PTH117
    if problem and not facts.is_venv:  # of a folder, or of a device: what lies around it is no environment
        facts = environment.Environment(python)
    return EnvironmentReport(decodable(name), facts, problem)


def describe_all(environ: Mapping[str, str] | None = None) -> list[EnvironmentReport]:
    """Describe every environment that the process knows of."""
    return [describe(name, python) for name, python in lookup.environments(environ).items()]


def read_details(report: EnvironmentReport) -> EnvironmentDetails:
    """Read the metadata of an environment's packages."""
    metadata = read_metadata(report.facts.site_packages)
    return EnvironmentDetails(
        requested=metadata.requested(report.facts.packages),
        conflicts=tuple(conflicts(report.facts, metadata)),
        unreadable=metadata.unreadable,
    )


def read_lock(report: EnvironmentReport) -> Lock | None:
    """Read the lock of an environment; None if it has none."""
    # The file may have become a link to elsewhere since it was looked for.
    if not (report.facts.lock and is_inside(report.facts.lock, report.facts.prefix)):
        return None
    head = read_head(report.facts.lock, LOCK_LIMIT)
    return Lock(os.path.basename(report.facts.lock), head.text, not head.is_whole, head.problem)  # noqa: PTH119
