"""A real scheduler with a LocalExecutor, for each major version of Airflow: all forms run, and killed tasks end."""

import contextlib

import pytest

from tests.airflow import components
from tests.support.services import free_port
from tests.support.waiting import alive, wait_for

pytestmark = [pytest.mark.airflow, pytest.mark.matrix]


@contextlib.contextmanager
def running(airflow):
    """Run a scheduler, and on Airflow 3 also the API server and the DAG processor."""
    port = free_port()
    airflow.variables.update(
        AIRFLOW__CORE__EXECUTOR="LocalExecutor",
        AIRFLOW__CORE__PARALLELISM="4",
        AIRFLOW__API__HOST="127.0.0.1",
        AIRFLOW__API__PORT=str(port),
        AIRFLOW__API__WORKERS="1",
        AIRFLOW__CORE__EXECUTION_API_SERVER_URL=f"http://127.0.0.1:{port}/execution/",
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS="True",
        AIRFLOW__SCHEDULER__LOCAL_TASK_JOB_HEARTBEAT_SEC="2",
        AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC="2",
        AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL="2",
        _AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK="1",
    )
    command = "standalone" if airflow.release.number >= (3,) else "scheduler"
    log = airflow.home / "scheduler.log"
    process = components.start(airflow.release, [command], home=airflow.home, variables=airflow.variables, log=log)
    try:
        yield log
    finally:
        components.stop(process)


def wait(airflow, log, what, seconds=300):
    """Wait until a condition holds; if it does not, fail with the scheduler's log."""
    return wait_for(what, seconds, every=1, describe=lambda: f"{airflow.states('forms')}\n{log.read_text()[-8000:]}")


def logs_of(airflow, tasks):
    """Return the last part of each task's log."""
    logs = sorted((airflow.home / "logs").rglob("attempt=*.log"))
    return "\n".join(
        f"{path}\n{path.read_text()[-2500:]}" for path in logs if any(f"task_id={task}/" in str(path) for task in tasks)
    )


def known(airflow, dag_id):
    """Return a function that tells whether the scheduler has stored a DAG."""
    return lambda: airflow.query("select 1 from dag where dag_id = ?", dag_id)


@pytest.mark.timeout(900)
@pytest.mark.releases("2.11.2", "3.3.2")
def test_a_real_scheduler_runs_all_forms_and_kills_what_it_must(airflow):
    """Every form ends as expected; the processes of a task that is marked failed are ended."""
    for name in ("forms.py", "newer.py", "sleeper.py"):
        airflow.dag(name)
    (airflow.home / "dags" / ".airflowignore").write_text("newer.py\n")
    with running(airflow) as log:
        date = "--logical-date" if airflow.release.number >= (3,) else "--exec-date"
        for dag_id in ("forms", "sleeper"):
            wait(airflow, log, known(airflow, dag_id))
            airflow.run("airflow", "dags", "unpause", dag_id)
            airflow.run("airflow", "dags", "trigger", dag_id, date, "2024-01-02T00:00:00+00:00")
        pids = wait(airflow, log, lambda: _read(airflow.home / "results.jsonl.pids")).split()
        assert all(map(alive, pids))
        airflow.execute("update task_instance set state = 'failed' where dag_id = 'sleeper'")
        wait(airflow, log, lambda: not any(map(alive, pids)), seconds=60)

        def ended():
            rows = airflow.query("select state from dag_run where dag_id = 'forms'")
            return rows and rows[0][0] in {"success", "failed"}

        wait(airflow, log, ended)
    states = airflow.states("forms")
    bad = {task: state for task, state in states.items() if state not in {"success", "skipped"}}
    assert not bad, f"{bad}\n{logs_of(airflow, bad)}"
    assert airflow.results()["again"] == [[3, 8], True]
    assert airflow.results()["reduce"] == [[3, 13], ["list", 36]]


def _read(path):
    return path.read_text().strip() if path.exists() else ""
