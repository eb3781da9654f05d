"""The table of tasks under `airflow dags test`, which runs every task in one process, with no executor at all."""

import pytest

from tests.airflow.table import ANY, ROWS

pytestmark = pytest.mark.airflow


@pytest.mark.releases("2.11.2", "3.3.2")
def test_values_arrive_as_under_an_executor(airflow):
    """States and values are the same."""
    airflow.dag("values.py")
    printed = airflow.run("airflow", "dags", "test", "values", "2024-01-02", check=False)
    rows = [row for row in ROWS if row.dag == "values"]
    states, values = airflow.states("values"), airflow.xcoms("values")
    assert {row.task: states[row.task] for row in rows} == {row.task: row.state for row in rows}, printed[-15000:]
    expected = {row.task: row.value for row in rows if row.value is not ANY}
    assert {task: values[task] for task in expected} == expected
