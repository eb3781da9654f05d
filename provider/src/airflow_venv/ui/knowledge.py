"""Gather what a user may see at the time of a request, from files and the metadata database."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.utils.session import create_session

from airflow_venv.ui import pages
from airflow_venv.ui.metadata import latest_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from airflow_venv.environments.disk_size import DiskSize
    from airflow_venv.environments.inventory import EnvironmentReport
    from airflow_venv.ui.access import Reader
    from airflow_venv.ui.inventory_cache import InventoryCache
    from airflow_venv.ui.metadata import TaskCatalog

__all__ = ["Knowledge", "gather"]


@dataclass(frozen=True)
class Knowledge:
    """The environments, and the tasks that the user may see."""

    reports: list[EnvironmentReport]
    sizes: dict[str, DiskSize | None]
    rows: list[pages.TaskRow]
    read_at: datetime
    """When the list of DAGs was read from the database."""
    session: Session
    reader: Reader

    def environment_rows(self) -> list[pages.EnvironmentRow]:
        """Return the rows of the list of environments."""
        return pages.environment_rows(self.reports, self.sizes, self.rows)

    def with_runs(self, rows: Sequence[pages.TaskRow]) -> list[pages.TaskRow]:
        """Return rows completed with the latest run of each task. This queries the database, so pass only a few."""
        tasks = list(dict.fromkeys(row.task for row in rows))
        runs = latest_runs(self.session, tasks, self.reader.permitted_runs({task.dag_id for task in tasks}))
        complete = {(row.task, row.name): row for row in pages.task_rows(tasks, self.reports, runs)}
        return [complete.get((row.task, row.name), row) for row in rows]


@contextmanager
def gather(reader: Reader, inventory: InventoryCache, catalog: TaskCatalog) -> Iterator[Knowledge]:
    """Gather what a user may see. The database session is open until the block ends.

    Args:
        reader: the user.
        inventory: the cache of environments.
        catalog: the cache of tasks.
    """
    reports = inventory.reports()
    with create_session(scoped=False) as session:
        snapshot = catalog.snapshot(session)
        permitted = reader.permitted_dags(snapshot.tasks.keys(), session)
        tasks = [task for dag_id in sorted(permitted) for task in snapshot.tasks[dag_id]]
        unknown = pages.needs_runs(tasks, reports)
        runs = latest_runs(session, unknown, reader.permitted_runs({task.dag_id for task in unknown}))
        yield Knowledge(
            reports=reports,
            sizes={report.name: inventory.size(report) for report in reports},
            rows=pages.task_rows(tasks, reports, runs),
            read_at=snapshot.read_at,
            session=session,
            reader=reader,
        )
