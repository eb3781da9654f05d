"""Airflow's services under a real scheduler with a LocalExecutor, where logs are masked and events are recorded."""

import json

import pytest

from tests.airflow.installations import environment
from tests.airflow.test_scheduler import known, logs_of, running, wait
from tests.airflow.test_services import SECRETS

pytestmark = [pytest.mark.airflow, pytest.mark.matrix]
PLACES = ("py37", "py38", "py313")


@pytest.mark.timeout(900)
@pytest.mark.releases("2.11.2", "3.3.2")
def test_services_are_the_workers_own_and_secrets_stay_out_of_the_log(airflow):
    """Results are the same in the worker and in environments, and the password that the functions print is masked."""
    airflow.dag("services.py")
    airflow.variables.update(SECRETS, ASTRO_PYENV_py37=environment("3.7"))
    with running(airflow) as log:
        wait(airflow, log, known(airflow, "services"))
        airflow.run("airflow", "dags", "unpause", "services")
        date = "--logical-date" if airflow.release.number >= (3,) else "--exec-date"
        airflow.run("airflow", "dags", "trigger", "services", date, "2024-01-02T00:00:00+00:00")

        def ended():
            rows = airflow.query("select state from dag_run where dag_id = 'services'")
            return rows and rows[0][0] in {"success", "failed"}

        wait(airflow, log, ended, seconds=500)
    states = airflow.states("services")
    bad = [task for task, state in states.items() if state != "success"]
    assert not bad, f"{states}\n{logs_of(airflow, bad)}"
    pulled = airflow.results()["found"]
    for kind in ("arguments", "imports"):
        assert [pulled[f"{kind}_{place}"] for place in PLACES] == [pulled[f"{kind}_worker"]] * len(PLACES)
    logs = {path: path.read_text() for path in (airflow.home / "logs").rglob("attempt=*.log")}
    assert len(logs) >= len(states)
    ours = {path: text for path, text in logs.items() if "_worker/" not in str(path)}  # others are Airflow's own
    assert not [path for path, text in ours.items() if "p@ssw0rd" in text or "p%40ssw0rd" in text]
    assert any("***" in text for path, text in ours.items() if "task_id=arguments_py38/" in str(path))
    assert any("told by log" in text for path, text in ours.items() if "task_id=imports_py38/" in str(path))
    table = "asset_event" if airflow.release.number >= (3,) else "dataset_event"
    extras = [json.loads(extra) for (extra,) in airflow.query(f"select extra from {table}")]
    assert {"rows": 3, "more": 1} in extras
