"""Fixtures of the version matrix: a release of Airflow, the provider of this checkout, and virtual environments."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.airflow.installations import RELEASES, Release, environment, provider

pytest.register_assert_rewrite("tests.airflow.table")
collect_ignore = ["inner"]
HERE = Path(__file__).parent
FULL = ("2.4.3", "2.11.2", "3.3.2")
"""The releases on which `make test` runs every test; `make matrix` uses all releases."""
EVERY = tuple(one.version for one in RELEASES)
WHOLE_MATRIX = os.environ.get("PYENV_MATRIX") == "all"


@dataclass(frozen=True)
class Airflow:
    """An Airflow release with its own database, DAGs folder and environments, for a single test."""

    release: Release
    home: Path
    variables: dict[str, str]

    def run(self, *command: object, timeout: float = 300, check: bool = True, **variables: str) -> str:
        """Run a program of the installation and return its combined output."""
        process = subprocess.Popen(
            [str(self.release.bin / command[0]), *map(str, command[1:])],
            env={**self.variables, **variables},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            printed, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        if check and process.returncode:
            pytest.fail(f"{' '.join(map(str, command))} ended with {process.returncode}\n{printed[-20000:]}")
        return printed

    def dag(self, name):
        """Copy a DAG file of `tests/airflow/dags` into the DAGs folder."""
        shutil.copy(HERE / "dags" / name, self.home / "dags" / name)

    def query(self, statement, *values):
        """Run a query on the database."""
        with sqlite3.connect(self.home / "airflow.db") as connection:
            return connection.execute(statement, values).fetchall()

    def execute(self, statement):
        """Run a statement that changes the database."""
        with sqlite3.connect(self.home / "airflow.db", timeout=30) as connection:
            connection.execute(statement)

    def states(self, dag_id):
        """Return the state of every task instance of a DAG, by task id and map index."""
        rows = self.query("select task_id, map_index, state from task_instance where dag_id = ?", dag_id)
        return {task if index < 0 else f"{task}[{index}]": state for task, index, state in rows}

    def xcoms(self, dag_id):
        """Return the results of a DAG's tasks, by task id."""
        rows = self.query("select task_id, value from xcom where dag_id = ? and key = 'return_value'", dag_id)
        # SQLite returns a number as a number if the column's type is JSON.
        values = {task: json.loads(value) if isinstance(value, (str, bytes)) else value for task, value in rows}
        return {task: json.loads(value) if isinstance(value, str) else value for task, value in values.items()}

    def results(self):
        """Return what tasks have recorded with the DAGs' `note` function, by task."""
        path = self.home / "results.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return dict(json.loads(line) for line in lines)


def release_of(major: int) -> Release:
    """Return the newest release of a major version. It also serves as an environment with Airflow in it."""
    return next(one for one in reversed(RELEASES) if one.number[0] == major)


def make(release: Release, home: Path) -> Airflow:
    """Set a release up in a folder."""
    release.install()
    shutil.copy(release.bin.parent / "home" / "airflow.db", home / "airflow.db")
    (home / "dags").mkdir()
    with_airflow = release_of(2 if release.number < (3,) else 3)
    environments = {
        "airflow": str(with_airflow.install() / "python"),
        "pickles": environment(release.python, "dill", "cloudpickle"),
        "pendulum2": environment("3.8", "pendulum<3", "dill", "cloudpickle"),
        "pendulum3": environment("3.11", "pendulum>=3", "dill", "cloudpickle"),
    }
    environments |= {f"py{minor.replace('.', '')}": environment(minor) for minor in ("3.8", "3.13")}
    variables = {
        "PATH": f"{release.bin}:/usr/bin:/bin",
        "HOME": str(home),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret for the length of one test run",
        "PYTHONPATH": str(provider()),
        "PYTHONDONTWRITEBYTECODE": "1",
        "RESULTS": str(home / "results.jsonl"),
        **{f"ASTRO_PYENV_{name}": python for name, python in environments.items()},
    }
    return Airflow(release, home, variables)


def pytest_generate_tests(metafunc):
    """Parametrize `airflow` with the releases of the test's marker, with all in the matrix, or else with a few."""
    if "airflow" in metafunc.fixturenames:
        marked = [mark.args for mark in metafunc.definition.iter_markers("releases")]
        versions = marked[0] if marked else FULL
        if WHOLE_MATRIX and versions == FULL:
            versions = EVERY
        chosen = [one for one in RELEASES if one.version in versions]
        metafunc.parametrize("airflow", chosen, ids=[one.name for one in chosen], indirect=True)


@pytest.fixture
def airflow(request, tmp_path):
    """Provide an Airflow release that is ready to run DAGs."""
    return make(request.param, tmp_path)
