"""Read from Airflow's metadata database which tasks use environments, and what their runs have recorded.

Nothing is written. Each version of a serialized DAG is read once and kept; a short query at most every `_SECONDS` finds
those that have changed. Of the rendered fields of a run, only `venv` and `python` are read.
"""

from __future__ import annotations

import threading
import time
import zlib
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow.models.dag import DagModel
from airflow.models.dag_version import DagVersion
from airflow.models.renderedtifields import RenderedTaskInstanceFields as Rendered
from airflow.models.serialized_dag import SerializedDagModel as Serialized
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import JSON, Text, and_, cast, false, func, select, type_coerce

from airflow_venv.ui.serialized_tasks import EnvironmentTask, environment_tasks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sqlalchemy.orm import Session

__all__ = ["DagSnapshot", "RecordedRun", "TaskCatalog", "latest_runs"]

_SECONDS = 20
"""Seconds after which the list of DAGs is read again."""
_BATCH = 200
"""Maximum number of serialized DAGs or tasks per query."""


@dataclass(frozen=True)
class DagSnapshot:
    """The tasks that use environments, at one point in time."""

    tasks: dict[str, tuple[EnvironmentTask, ...]]
    """The tasks by `dag_id`, without DAGs that have none."""
    read_at: datetime
    """When the DAGs were read, in UTC."""


@dataclass(frozen=True)
class RecordedRun:
    """The record of a task's latest run about its environment."""

    dag_id: str
    task_id: str
    run_id: str
    map_index: int
    venv: str
    """The rendered name of the environment; empty for a task that names an interpreter by its path."""
    python: str
    """The interpreter's path where the task ran; empty if the name was a template or was not known there."""
    started: datetime | None
    succeeded: bool

    @property
    def had_environment(self) -> bool:
        """Whether the machine that the task ran on had the environment."""
        return bool(self.python) or self.succeeded


class TaskCatalog:
    """Cache of the tasks that use environments, of all DAGs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str, tuple[EnvironmentTask, ...]]] = {}
        self._snapshot: DagSnapshot | None = None
        self._asked = 0.0

    def snapshot(self, session: Session) -> DagSnapshot:
        """Return the tasks, read at most `_SECONDS` ago."""
        with self._lock:
            if self._snapshot is None or time.monotonic() - self._asked >= _SECONDS:
                self._refresh(session)
            assert self._snapshot is not None  # noqa: S101 - for the type checker
            return self._snapshot

    def _refresh(self, session: Session) -> None:
        """Read the DAGs that are new or have changed."""
        hashes = dict(_latest_versions(session))
        changed = [version for version, digest in hashes.items() if self._known.get(version, ("",))[0] != digest]
        self._known = {version: entry for version, entry in self._known.items() if version in hashes}
        for version, text in _serialized(session, changed):
            self._known[version] = (hashes[version], tuple(environment_tasks(text)))
        tasks = {entry[0].dag_id: entry for _, entry in self._known.values() if entry}
        self._snapshot = DagSnapshot(tasks=tasks, read_at=datetime.now(timezone.utc))
        self._asked = time.monotonic()


def _latest_versions(session: Session) -> Iterator[tuple[Any, str]]:
    """Yield the ID and the hash of the newest serialized version of each DAG that is not stale."""
    newest = (
        select(DagVersion.dag_id, func.max(DagVersion.version_number).label("number"))
        .group_by(DagVersion.dag_id)
        .subquery()
    )
    statement = (
        select(Serialized.id, Serialized.dag_hash)
        .join(DagVersion, Serialized.dag_version_id == DagVersion.id)
        .join(newest, and_(newest.c.dag_id == DagVersion.dag_id, newest.c.number == DagVersion.version_number))
        .join(DagModel, DagModel.dag_id == Serialized.dag_id)
        .where(DagModel.is_stale == false())
    )
    for row in session.execute(statement):
        yield row[0], row[1]


def _serialized(session: Session, versions: list[Any]) -> Iterator[tuple[Any, str]]:
    """Yield the ID and the JSON text of serialized DAGs, compressed by Airflow or not."""
    # Read as text, so that a DAG without environments is never parsed.
    columns = (Serialized.id, cast(Serialized._data, Text), Serialized._data_compressed)  # noqa: SLF001 - no public column
    for start in range(0, len(versions), _BATCH):
        batch = versions[start : start + _BATCH]
        for version, text, compressed in session.execute(select(*columns).where(Serialized.id.in_(batch))):
            yield version, _decompressed(compressed) if compressed else text or ""


def _decompressed(data: bytes) -> str:
    try:
        return zlib.decompress(data).decode()
    except (zlib.error, UnicodeDecodeError):
        return ""


def latest_runs(
    session: Session, tasks: Iterable[EnvironmentTask], permitted: Collection[str]
) -> dict[tuple[str, str], RecordedRun]:
    """Return the latest run of each task, by `dag_id` and `task_id`.

    Airflow keeps the rendered fields of a limited number of runs per task, which the query finds by their primary key.
    A mapped task is represented by its first index.

    Args:
        session: a session of the metadata database.
        tasks: the tasks.
        permitted: the IDs of the DAGs whose task instances the user may see.
    """
    readable = [task for task in tasks if task.dag_id in permitted]
    runs = {}
    for start in range(0, len(readable), _BATCH):
        for run in _told(session, readable[start : start + _BATCH]):
            runs[run.dag_id, run.task_id] = run
    return runs


def _told(session: Session, tasks: list[EnvironmentTask]) -> Iterator[RecordedRun]:
    """Yield the latest run of each task that has one."""
    rank = func.row_number().over(
        partition_by=(Rendered.dag_id, Rendered.task_id), order_by=(TaskInstance.start_date.desc(), Rendered.run_id)
    )
    fields = type_coerce(Rendered.rendered_fields, JSON)  # the column's own type in Airflow 3.1 has no access by key
    ranked = (
        select(
            Rendered.dag_id,
            Rendered.task_id,
            Rendered.run_id,
            Rendered.map_index,
            fields["venv"].as_string().label("venv"),
            fields["python"].as_string().label("python"),
            TaskInstance.start_date,
            TaskInstance.state,
            rank.label("rank"),
        )
        .join(
            TaskInstance,
            and_(
                TaskInstance.dag_id == Rendered.dag_id,
                TaskInstance.task_id == Rendered.task_id,
                TaskInstance.run_id == Rendered.run_id,
                TaskInstance.map_index == Rendered.map_index,
            ),
        )
        .where(
            Rendered.dag_id.in_({task.dag_id for task in tasks}),
            Rendered.task_id.in_({task.task_id for task in tasks}),
            Rendered.map_index <= 0,
        )
        .subquery()
    )
    keys = {(task.dag_id, task.task_id) for task in tasks}
    for row in session.execute(select(ranked).where(ranked.c.rank == 1)):
        if (row.dag_id, row.task_id) in keys:
            yield RecordedRun(
                dag_id=row.dag_id,
                task_id=row.task_id,
                run_id=row.run_id,
                map_index=row.map_index,
                venv=row.venv or "",
                python=row.python or "",
                started=row.start_date,
                succeeded=row.state == "success",
            )
