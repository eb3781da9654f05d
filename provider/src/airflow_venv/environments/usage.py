"""List environments with the DAG files that name them, for the command line, without a database."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_venv.environments import lookup
from airflow_venv.environments.disk_size import DiskSize, disk_size
from airflow_venv.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_venv.environments.dag_scan import Demand
    from airflow_venv.environments.inventory import EnvironmentReport

__all__ = ["EnvironmentUse", "environment_uses", "to_json"]


@dataclass(frozen=True)
class EnvironmentUse:
    """One environment and who uses it."""

    name: str
    report: EnvironmentReport | None
    """None for one that only DAG files name."""
    demands: tuple[Demand, ...] = ()
    size: DiskSize | None = None
    """None if nobody measured it."""

    @property
    def problem(self) -> str:
        """Return what is wrong, in the words of the error that a task would get; empty if nothing is."""
        return self.report.problem if self.report else lookup.missing(self.name)


def environment_uses(
    reports: Sequence[EnvironmentReport], folder: str | None = None, *, measure: bool = False
) -> list[EnvironmentUse]:
    """List the environments that are here, then those that only the DAG files of a folder name.

    Args:
        reports: the environments that are here.
        folder: DAG files to read, or one file; None: none.
        measure: whether to walk through the environments' files for their size.

    Raises:
        UsageError: there is no such folder.
    """
    users: dict[str, list[Demand]] = defaultdict(list)
    names = [report.name for report in reports]
    for demand in _demands(folder) if folder else ():
        users[lookup.known_name(demand.environment, names) or demand.environment].append(demand)
    uses = [
        EnvironmentUse(
            report.name,
            report,
            tuple(users.pop(report.name, ())),
            disk_size(report.facts.prefix) if measure and report.has_folder else None,
        )
        for report in reports
    ]
    return uses + [EnvironmentUse(name, None, tuple(users[name])) for name in sorted(users)]


def _demands(folder: str) -> list[Demand]:
    if not Path(folder).exists():
        raise UsageError(f"There is no file or folder {folder}.")
    # Imported here, since `list` alone does not parse Python.
    from airflow_venv.environments.dag_scan import scan  # noqa: PLC0415

    return scan(folder)[0]


def to_json(use: EnvironmentUse) -> dict[str, Any]:
    """Return what is known of an environment as values for JSON."""
    report = use.report
    ends = report.end_of_life if report else None
    return {
        "name": use.name,
        "python": report.facts.python if report else None,
        "version": report.facts.version_text if report else "",
        "end_of_life": ends.isoformat() if ends else None,
        "packages": dict(sorted(report.facts.packages.items())) if report else {},
        "system_site_packages": bool(report and report.facts.system_site_packages),
        "size": use.size.bytes if use.size else None,
        "size_is_whole": use.size.is_whole if use.size else None,
        "pyenv": (report.facts.pyenv_line if report else "") or None,
        "lock": (report.facts.lock if report else "") or None,
        "problem": use.problem,
        "unreadable": list(report.facts.unreadable) if report else [],
        "used_by": [{"file": demand.file, "line": demand.line, "function": demand.function} for demand in use.demands],
    }
