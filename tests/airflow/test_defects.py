"""The defects of the stock operator that only appear in whole DAG runs; see `inner/case_defects.py` for the others."""

import subprocess

import pytest

pytestmark = pytest.mark.airflow


@pytest.mark.releases("3.3.2")
@pytest.mark.parametrize(("kind", "state"), [("ours", "success"), ("stock", "failed")])
def test_7_results_of_mapped_tasks_arrive_as_a_list(airflow, kind, state):
    """Our operator resolves Airflow's lazy sequence; the stock operator cannot pickle it."""
    airflow.dag("reduction.py")
    printed = airflow.run("airflow", "dags", "test", f"reduction_{kind}", "2024-01-02", check=False)
    assert airflow.states(f"reduction_{kind}")["total"] == state, printed[-10000:]
    assert ("PicklingError" in printed or "pickle" in printed) == (kind == "stock")


@pytest.mark.releases("3.3.2")
def test_11_a_variable_can_be_read_under_dag_test(airflow):
    """Our operator returns at once; the stock operator waits forever for a supervisor that does not exist."""
    airflow.dag("variable.py")
    airflow.run("airflow", "variables", "set", "mine", "a value")
    printed = airflow.run("airflow", "dags", "test", "variable_ours", "2024-01-02", check=False)
    assert airflow.states("variable_ours") == {"reads": "success"}, printed[-10000:]
    with pytest.raises(subprocess.TimeoutExpired):
        airflow.run("airflow", "dags", "test", "variable_stock", "2024-01-02", timeout=45)
