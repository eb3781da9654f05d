"""What each page shows, put together from the environments, the tasks and what runs told. Pure: no I/O."""

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
    from airflow_venv.ui.metadata import ToldRun
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
"""Of an environment that is not here, the runs of so many tasks are looked at for its path."""
_PAGE_SIZE = 100
"""Rows of a long list that are shown at once."""
_ONLY_RUNS_TELL = 200
"""Of tasks whose environment only a run tells, so many are looked at for the list."""


@dataclass(frozen=True)
class TaskRow:
    """One task that uses an environment."""

    task: EnvironmentTask
    name: str
    """The environment, by the name that it has here; the path, where no name is known."""
    latest_run: ToldRun | None
    """What its latest run recorded, if there was one."""


@dataclass(frozen=True)
class EnvironmentRow:
    """One environment of the list."""

    name: str
    report: EnvironmentReport | None
    """None for one that only tasks tell of."""
    size: DiskSize | None
    tasks: tuple[TaskRow, ...]

    @property
    def dags(self) -> int:
        """Count the DAGs whose tasks use it."""
        return len({row.task.dag_id for row in self.tasks})

    @property
    def latest_run(self) -> ToldRun | None:
        """Return the latest run that had the environment where it ran."""
        runs = [
            row.latest_run
            for row in self.tasks
            if row.latest_run and row.latest_run.had_environment and row.latest_run.started
        ]
        return max(runs, key=lambda run: (bool(run.python), run.started), default=None)

    @property
    def told_by_processor(self) -> str:
        """Return the interpreter's path as the DAG processor knew it; empty if it did not."""
        return next((row.task.python for row in self.tasks if row.task.python), "")

    @property
    def state(self) -> str:
        """Return `here`, `broken`, `told` (only tasks or the DAG processor have it) or `missing` (nobody has)."""
        if self.report is not None:
            return "broken" if self.report.problem else "here"
        return "told" if self.latest_run or self.told_by_processor else "missing"

    @property
    def sentence(self) -> str:
        """Return what is wrong, in the words of the error that a task would get; empty if nothing is."""
        if self.report is not None:
            return self.report.problem
        return lookup.missing(self.name) if self.state == "missing" else ""


@dataclass(frozen=True)
class PackageRow:
    """A package in an environment."""

    environment: str
    package: str
    version: str


@dataclass(frozen=True)
class Part(Generic[_Row]):
    """One page of a long list."""

    rows: Sequence[_Row]
    page: int
    last: int
    """The number of the last page."""
    matching: int
    """How many rows of all pages have the words that were searched for."""
    total: int
    """How many rows there are without a search."""


def cut(
    rows: Sequence[_Row], page: int, q: str = "", texts: Callable[[_Row], tuple[str, ...]] = lambda _: ()
) -> Part[_Row]:
    """Search all of a list, then cut out one page; a number behind the last page stands for the last.

    Args:
        rows: the list, in the order that it is shown in.
        page: the page's number, from 1.
        q: a part of a text, in any case; without one all rows are found.
        texts: the texts of a row that are searched.
    """
    q = q.strip().lower()
    matching = [row for row in rows if any(q in text.lower() for text in texts(row))] if q else rows
    last = max(1, -(-len(matching) // _PAGE_SIZE))
    page = min(page, last)
    return Part(matching[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE], page, last, len(matching), len(rows))


def needs_runs(tasks: Iterable[EnvironmentTask], reports: Sequence[EnvironmentReport]) -> list[EnvironmentTask]:
    """Choose the tasks whose runs the list has to ask: for names that are not here, and where only a run tells."""
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
    latest_runs: Mapping[tuple[str, str], ToldRun],
) -> list[TaskRow]:
    """Return the environment that each task uses; a task that names several has a row for each."""
    known = _known(reports)
    by_path = {report.python: report.name for report in reports}
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
    """List the environments that are here, then those that only tasks name."""
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
    "python": lambda row: _numbers(row.report.version) if row.report else (),
    "end-of-life": lambda row: (row.report.end_of_life if row.report else None) or _DISTANT,
    "packages": lambda row: len(row.report.packages) if row.report else -1,
    "size": lambda row: -1 if row.size is None else row.size.bytes,
    "tasks": lambda row: len(row.tasks),
}
"""What the list can be sorted by, and the key for it."""


def sort_rows(rows: list[EnvironmentRow], by: str) -> list[EnvironmentRow]:
    """Sort by a name of `SORTS`, downwards with a `-` before it; anything else is by name."""
    key = SORTS.get(by.lstrip("-"), SORTS["name"])
    return sorted(sorted(rows, key=SORTS["name"]), key=key, reverse=by.startswith("-"))


def find_packages(reports: Iterable[EnvironmentReport], query: PackageQuery) -> list[PackageRow]:
    """List the packages that are looked for, by name and environment."""
    rows = [PackageRow(report.name, *package) for report in reports for package in query.matches(report.packages)]
    return sorted(rows, key=lambda row: (row.package, row.environment))


def _known(reports: Iterable[EnvironmentReport]) -> Callable[[str], str | None]:
    """Return a function that gives the environment here that a name means; thousands of tasks name the same few."""
    names = [report.name for report in reports]
    return lru_cache(maxsize=None)(lambda name: lookup.known_name(name, names))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
