"""Compute what each page shows, from the environments, the tasks and their runs. Without I/O."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from airflow_venv.environments import lookup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from airflow_venv.environments.disk_size import DiskSize
    from airflow_venv.environments.inventory import EnvironmentReport
    from airflow_venv.environments.package_query import PackageQuery
    from airflow_venv.ui.metadata import RecordedRun
    from airflow_venv.ui.serialized_tasks import EnvironmentTask

__all__ = [
    "SORTS",
    "EnvironmentRow",
    "PackageRow",
    "Part",
    "TaskRow",
    "cut",
    "environment_rows",
    "find_packages",
    "needs_runs",
    "sort_rows",
    "task_rows",
]

_Row = TypeVar("_Row")
_TASKS_PER_NAME = 3
"""Maximum number of tasks whose runs are read to find the path of an environment that this machine does not have."""
_PAGE_SIZE = 100
"""Maximum number of rows on one page of a list."""
_ONLY_RUNS_TELL = 200
"""Maximum number of tasks whose runs are read because only the run knows the environment."""


@dataclass(frozen=True)
class TaskRow:
    """One task that uses an environment."""

    task: EnvironmentTask
    name: str
    """The name that the environment has on this machine, or the interpreter's path if no name is known."""
    latest_run: RecordedRun | None
    """The task's latest run in this environment, if it is known."""


@dataclass(frozen=True)
class EnvironmentRow:
    """One environment of the list."""

    name: str
    report: EnvironmentReport | None
    """The state of the environment; None if only tasks name it."""
    size: DiskSize | None
    tasks: tuple[TaskRow, ...]

    @property
    def dags(self) -> int:
        """Number of DAGs whose tasks use the environment."""
        return len({row.task.dag_id for row in self.tasks})

    @property
    def latest_run(self) -> RecordedRun | None:
        """The latest run on a machine with the environment, preferably one that recorded the interpreter's path."""
        runs = [
            row.latest_run
            for row in self.tasks
            if row.latest_run and row.latest_run.had_environment and row.latest_run.started
        ]
        return max(runs, key=lambda run: (bool(run.python), run.started), default=None)

    @property
    def known_to_processor(self) -> str:
        """The interpreter's path that the DAG processor knew; empty if it knew none."""
        return next((row.task.python for row in self.tasks if row.task.python), "")

    @property
    def state(self) -> str:
        """State of the environment.

        `here`, `broken` (here, with a problem), `told` (not here, but a run or the DAG processor had it) or `missing`.
        """
        if self.report is not None:
            return "broken" if self.report.problem else "here"
        return "told" if self.latest_run or self.known_to_processor else "missing"

    @property
    def sentence(self) -> str:
        """What is wrong, in the words of the error that a task would get; empty if nothing is wrong."""
        if self.report is not None:
            return self.report.problem
        return lookup.missing(self.name) if self.state == "missing" else ""


@dataclass(frozen=True)
class PackageRow:
    """A package of an environment."""

    environment: str
    package: str
    version: str


@dataclass(frozen=True)
class Part(Generic[_Row]):
    """One page of a long list."""

    rows: Sequence[_Row]
    page: int
    last: int
    """Number of the last page."""
    matching: int
    """Number of rows on all pages that match the search."""
    total: int
    """Number of rows without the search."""


def cut(
    rows: Sequence[_Row], page: int, q: str = "", texts: Callable[[_Row], tuple[str, ...]] = lambda _: ()
) -> Part[_Row]:
    """Search a list and return one page of the matching rows.

    Args:
        rows: the whole list, in order.
        page: the number of the page, from 1. Larger numbers than that of the last page return the last page.
        q: the text to search for, in upper or lower case; empty to match all rows.
        texts: a function that returns the texts of a row to search in.
    """
    q = q.strip().lower()
    matching = [row for row in rows if any(q in text.lower() for text in texts(row))] if q else rows
    last = max(1, -(-len(matching) // _PAGE_SIZE))
    page = min(page, last)
    return Part(matching[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE], page, last, len(matching), len(rows))


def needs_runs(tasks: Iterable[EnvironmentTask], reports: Sequence[EnvironmentReport]) -> list[EnvironmentTask]:
    """Select the tasks whose runs the list of environments needs.

    These are tasks with environments that this machine does not have, and tasks whose environment only the run knows,
    up to `_TASKS_PER_NAME` for each name and `_ONLY_RUNS_TELL`.

    Args:
        tasks: the tasks to choose from.
        reports: the environments of this machine.
    """
    known = _known(reports)
    per_name: dict[str, int] = defaultdict(int)
    unnamed = 0
    chosen = []
    for task in tasks:
        absent = [name for name in task.names if known(name) is None]
        if any(per_name[name] < _TASKS_PER_NAME for name in absent):
            chosen.append(task)
        elif task.only_runs_tell and unnamed < _ONLY_RUNS_TELL:
            unnamed += 1
            chosen.append(task)
        for name in absent:
            per_name[name] += 1
    return chosen


def task_rows(
    tasks: Iterable[EnvironmentTask],
    reports: Sequence[EnvironmentReport],
    latest_runs: Mapping[tuple[str, str], RecordedRun],
) -> list[TaskRow]:
    """Return a row for each environment that a task uses.

    Args:
        tasks: the tasks.
        reports: the environments of this machine.
        latest_runs: the latest run of each task, by `dag_id` and `task_id`.
    """
    known = _known(reports)
    by_path = {report.facts.python: report.name for report in reports}
    rows = []
    for task in tasks:
        run = latest_runs.get((task.dag_id, task.task_id))
        names = list(task.names)
        if run and run.venv and run.venv not in names and task.only_runs_tell:
            names.append(run.venv)
        if not names and (path := (run.python if run else "") or task.python):
            names = [by_path[path]] if path in by_path else [path] if task.is_ours else []
        for name in dict.fromkeys(known(name) or name for name in names):
            ran_with = run if run and (not run.venv or (known(run.venv) or run.venv) == name) else None
            rows.append(TaskRow(task, name, ran_with))
    return rows


def environment_rows(
    reports: Sequence[EnvironmentReport], sizes: Mapping[str, DiskSize | None], tasks: Iterable[TaskRow]
) -> list[EnvironmentRow]:
    """Return the environments of this machine, followed by those that only tasks name.

    Args:
        reports: the environments of this machine.
        sizes: their sizes by name; None for those that are not measured.
        tasks: the rows of the tasks that use environments.
    """
    users: dict[str, list[TaskRow]] = defaultdict(list)
    for row in tasks:
        users[row.name].append(row)
    rows = [
        EnvironmentRow(report.name, report, sizes.get(report.name), tuple(users.pop(report.name, ())))
        for report in reports
    ]
    return rows + [EnvironmentRow(name, None, None, tuple(users[name])) for name in sorted(users)]


_DISTANT = date.max
SORTS: dict[str, Callable[[EnvironmentRow], Any]] = {
    "name": lambda row: row.name.lower(),
    "python": lambda row: _numbers(row.report.facts.version_text) if row.report else (),
    "end-of-life": lambda row: (row.report.end_of_life if row.report else None) or _DISTANT,
    "packages": lambda row: len(row.report.facts.packages) if row.report else -1,
    "size": lambda row: -1 if row.size is None else row.size.bytes,
    "tasks": lambda row: len(row.tasks),
}
"""Key function of each order of the list, by the name that the query has for it."""


def sort_rows(rows: list[EnvironmentRow], by: str) -> list[EnvironmentRow]:
    """Return the rows in another order.

    Args:
        rows: the rows.
        by: a name of `SORTS`, after a `-` for descending order. Unknown names sort by name.
    """
    key = SORTS.get(by.lstrip("-"), SORTS["name"])
    return sorted(sorted(rows, key=SORTS["name"]), key=key, reverse=by.startswith("-"))


def find_packages(reports: Iterable[EnvironmentReport], query: PackageQuery) -> list[PackageRow]:
    """Return the packages that match a query, sorted by name and environment."""
    rows = [PackageRow(report.name, *package) for report in reports for package in query.matches(report.facts.packages)]
    return sorted(rows, key=lambda row: (row.package, row.environment))


def _known(reports: Iterable[EnvironmentReport]) -> Callable[[str], str | None]:
    """Return a function from a task's name for an environment to the name on this machine, or None.

    The function caches its results, because thousands of tasks use the same few names.
    """
    names = [report.name for report in reports]
    return lru_cache(maxsize=None)(lambda name: lookup.known_name(name, names))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
