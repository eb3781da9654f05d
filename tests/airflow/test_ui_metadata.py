"""Reading the metadata database for the environments page, without a server."""

import pytest

pytestmark = pytest.mark.airflow
READ = """
from airflow.utils.session import create_session
from airflow_venv.ui.metadata import TaskCatalog
with create_session(scoped=False) as session:
    tasks = TaskCatalog().snapshot(session).tasks
print("tasks", *sorted(f"{dag}.{task.task_id}:{','.join(task.names)}" for dag in tasks for task in tasks[dag]))
"""


@pytest.mark.releases("3.3.2", "3.1.8")
@pytest.mark.parametrize("compress", ["True", "False"])
def test_dags_are_read_whether_airflow_compresses_them_or_not(airflow, compress):
    """`[core] compress_serialized_dags` stores the DAG in another column."""
    airflow.dag("environments_page.py")
    variables = {"AIRFLOW__CORE__COMPRESS_SERIALIZED_DAGS": compress, "AIRFLOW__VENV__PARSE_CHECK": "off"}
    airflow.run("airflow", "dags", "reserialize", **variables)
    (stored,) = airflow.query("select count(*) from serialized_dag where data_compressed is not null")[0]
    assert stored == (3 if compress == "True" else 0)
    printed = airflow.run("python", "-c", READ)
    (line,) = [line for line in printed.splitlines() if line.startswith("tasks ")]
    assert line.split()[1:] == [
        "broken_shop.lost:nowhere", "broken_shop.no_interpreter:gone", "shop.by_path:", "shop.by_template:",
        "shop.mapped:py313", "shop.on_workers_only:elsewhere", "shop.totals:py38",
    ]  # fmt: skip
