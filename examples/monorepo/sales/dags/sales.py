"""The sales team's DAG."""

from airflow.sdk import dag

from airflow_venv import task


@dag(schedule=None, catchup=False)
def sales():
    @task.venv("sales")
    def versions():
        from importlib.metadata import distributions

        return {each.metadata["Name"]: each.version for each in distributions()}

    versions()


sales()
