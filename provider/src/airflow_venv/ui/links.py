"""Addresses of this page and of Airflow's own pages, below the path that a reverse proxy gives Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from airflow_venv.ui.metadata import RecordedRun

__all__ = ["Links"]


@dataclass(frozen=True)
class Links:
    """Absolute paths. They have no host, because a proxy may hide the one that users know."""

    page: str
    """Path where this page is mounted, such as `/venv` or `/team/venv`."""
    airflow: str
    """Path of Airflow, such as `/team`; empty for the root."""

    @property
    def environments(self) -> str:
        """The list of environments."""
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
        """Return the page of one environment. Its name may contain any character, including slashes."""
        return f"{self.page}/environment?{_query(name=name)}"

    def lock(self, name: str) -> str:
        """Return the address of an environment's lock as a text file."""
        return f"{self.page}/lock?{_query(name=name)}"

    def dag(self, dag_id: str) -> str:
        """Return this page's page of one DAG."""
        return f"{self.page}/dag?{_query(dag_id=dag_id)}"

    def search(self, path: str, **values: object) -> str:
        """Return a path with values in its query, without empty values and page numbers of 1.

        Args:
            path: the path.
            values: what is searched for, how the list is sorted, and which page of it is shown.
        """
        query = _query(**{name: value for name, value in values.items() if value and value != 1})
        return f"{path}?{query}" if query else path

    def airflow_dag(self, dag_id: str) -> str:
        """Return Airflow's page of a DAG."""
        return f"{self.airflow}/dags/{_part(dag_id)}"

    def airflow_task(self, dag_id: str, task_id: str) -> str:
        """Return Airflow's page of a task."""
        return f"{self.airflow_dag(dag_id)}/tasks/{_part(task_id)}"

    def airflow_run(self, run: RecordedRun) -> str:
        """Return Airflow's page of a task in one run."""
        mapped = f"/mapped/{run.map_index}" if run.map_index >= 0 else ""
        return f"{self.airflow_dag(run.dag_id)}/runs/{_part(run.run_id)}/tasks/{_part(run.task_id)}{mapped}"

    def login(self, back_to: str) -> str:
        """Return the address where a user logs in, to be redirected to `back_to` afterwards."""
        return f"{self.airflow}/api/v2/auth/login?{_query(next=back_to)}"


def _part(text: str) -> str:
    """Quote one part of a path, including slashes."""
    return quote(text, safe="", errors="replace")


def _query(**values: object) -> str:
    """Return a query. Surrogates in values are replaced with `?`, as on the page."""
    return urlencode(values, errors="replace")
