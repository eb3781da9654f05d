"""The risk team's DAG: a new environment and one that is kept for an old model."""

from airflow.sdk import dag

from airflow_venv import task


@dag(schedule=None, catchup=False)
def risk():
    def versions():
        import platform
        from importlib.metadata import distributions

        found = {each.metadata["Name"]: each.version for each in distributions()}
        return {"python": platform.python_version(), **found}

    task.venv("risk", task_id="new")(versions)()
    task.venv("risk-legacy", task_id="legacy")(versions)()


risk()
