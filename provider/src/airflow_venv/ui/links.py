"""Addresses of the page and of Airflow's own pages, below whatever path a reverse proxy has given Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from airflow_venv.ui.metadata import ToldRun

__all__ = ["Links"]


@dataclass(frozen=True)
class Links:
    """Absolute paths; no host, since a proxy may hide the one that users know."""

    page: str
    """Where this page is mounted: `/venv`, or `/team/venv`."""
    airflow: str
    """Where Airflow is: empty, or `/team`."""

    @property
    def environments(self) -> str:
        """The list."""
        return f"{self.page}/"

    @property
    def packages(self) -> str:
        """The search for packages."""
        return f"{self.page}/packages"

    @property
    def dags(self) -> str:
        """The DAGs that use environments."""
        return f"{self.page}/dags"

    @property
    def home(self) -> str:
        """Airflow's first page."""
        return f"{self.airflow}/"

    def static(self, name: str) -> str:
        """Return the address of the stylesheet, the script or an icon."""
        return f"{self.page}/static/{name}"

    def environment(self, name: str) -> str:
        """Return the page of one environment; its name may hold any character, also a slash."""
        return f"{self.page}/environment?{_query(name=name)}"

    def lock(self, name: str) -> str:
        """Return the address of an environment's lock as a file."""
        return f"{self.page}/lock?{_query(name=name)}"

    def dag(self, dag_id: str) -> str:
        """Return this page's view of one DAG."""
        return f"{self.page}/dag?{_query(dag_id=dag_id)}"

    def search(self, path: str, **values: object) -> str:
        """Return a page with its search, order and place in a long list; empty values and first pages are left out."""
        query = _query(**{name: value for name, value in values.items() if value and value != 1})
        return f"{path}?{query}" if query else path

    def airflow_dag(self, dag_id: str) -> str:
        """Return Airflow's page of a DAG."""
        return f"{self.airflow}/dags/{_part(dag_id)}"

    def airflow_task(self, dag_id: str, task_id: str) -> str:
        """Return Airflow's page of a task."""
        return f"{self.airflow_dag(dag_id)}/tasks/{_part(task_id)}"

    def airflow_run(self, run: ToldRun) -> str:
        """Return Airflow's page of a task in one run."""
        mapped = f"/mapped/{run.map_index}" if run.map_index >= 0 else ""
        return f"{self.airflow_dag(run.dag_id)}/runs/{_part(run.run_id)}/tasks/{_part(run.task_id)}{mapped}"

    def login(self, back_to: str) -> str:
        """Return where a user logs in, to come back to an address afterwards."""
        return f"{self.airflow}/api/v2/auth/login?{_query(next=back_to)}"


def _part(text: str) -> str:
    """Quote one part of a path."""
    return quote(text, safe="", errors="replace")


def _query(**values: object) -> str:
    """Write a query; what is no UTF-8 in it is written as the page shows it."""
    return urlencode(values, errors="replace")
