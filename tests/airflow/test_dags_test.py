"""The table of tasks under `airflow dags test`, which runs every task in one process without an executor."""

import os
import signal

import pytest

from tests.airflow.table import ANY, ROWS

pytestmark = pytest.mark.airflow


@pytest.mark.releases("2.11.2", "3.3.2")
def test_values_arrive_as_under_an_executor(airflow):
    """States and results are the same as under an executor."""
    airflow.dag("values.py")
    printed = airflow.run("airflow", "dags", "test", "values", "2024-01-02", check=False)
    rows = [row for row in ROWS if row.dag == "values"]
    states, values = airflow.states("values"), airflow.xcoms("values")
    assert {row.task: states[row.task] for row in rows} == {row.task: row.state for row in rows}, printed[-15000:]
    expected = {row.task: row.value for row in rows if row.value is not ANY}
    assert {task: values[task] for task in expected} == expected


@pytest.mark.releases("2.11.2", "3.3.2")
def test_warm_tasks_are_forked_from_one_process(airflow):
    """This holds for the tasks of one run, and for several runs."""
    airflow.dag("warm.py")
    settings = {"TMPDIR": str(airflow.home), "AIRFLOW__VENV__WARM_IDLE": "300"}
    zygotes = set()
    for date in ("2024-01-02", "2024-01-03"):
        printed = airflow.run("airflow", "dags", "test", "warm", date, check=False, **settings)
        values = airflow.xcoms("warm")
        assert "Not warm" not in printed, printed[-15000:]
        assert values["first"][2:] == ["1.5", [3, 13]], printed[-15000:]
        zygotes |= {values["first"][0], values["second"][0]}
    (zygote,) = zygotes
    assert f"ValueError: parent {zygote}" in printed
    os.kill(zygote, signal.SIGKILL)


@pytest.mark.releases("2.11.2", "3.3.2")
def test_classes_and_exceptions_of_the_dag_file_keep_their_identity(airflow):
    """`dags test` imports the file twice; arguments, callbacks and retry rules of 3.3 still recognize its classes."""
    airflow.dag("identity.py")
    printed = airflow.run("airflow", "dags", "test", "identity", "2024-01-02", check=False)
    states, values = airflow.states("identity"), airflow.xcoms("identity")
    assert states == {"take": "success", "fail": "failed", "when": "success", "passed_on": "success"}, printed[-15000:]
    assert values["take"] == [True, 3]
    assert values["passed_on"] == ["datetime 2024-07-01T00:00:00+00:00"] * 2
    assert airflow.results()["failed"] == [True, True, ["data", 7]]
    tries = airflow.query("select max(try_number) from task_instance where task_id = 'fail'")
    assert tries == [(1,)]


@pytest.mark.parametrize("command", [("airflow", "dags", "test", "nearby", "2024-01-02"), ("python", "dags/nearby.py")])
@pytest.mark.releases("2.11.2", "3.0.6", "3.3.2")
def test_a_function_imports_from_the_folder_of_the_dags(airflow, command):
    """Airflow 3 runs these tasks without a DAG bundle, which otherwise names the folder."""
    airflow.dag("nearby.py")
    (airflow.home / "dags" / "near_the_dags.py").write_text("VALUE = 5\n")
    printed = airflow.run(*command, check=False)
    assert airflow.states("nearby") == {"near": "success"}, printed[-15000:]
    assert airflow.xcoms("nearby") == {"near": 5}
