"""dbt in an environment of its own, with the connection of Airflow that is called `warehouse`."""

from airflow.sdk import dag

from airflow_venv import task


@dag(schedule=None, catchup=False)
def dbt_shop():
    @task.venv("dbt")
    def build():
        """Build and test all models; dbt is called as a library, so that its errors are the task's."""
        import os

        from dbt.cli.main import dbtRunner

        from airflow_venv import get_connection

        warehouse = get_connection("warehouse")
        os.environ.update(
            WAREHOUSE_HOST=warehouse.host,
            WAREHOUSE_PORT=str(warehouse.port),
            WAREHOUSE_USER=warehouse.login,
            WAREHOUSE_DATABASE=warehouse.schema,
            DBT_ENV_SECRET_WAREHOUSE_PASSWORD=warehouse.password or "",
        )
        folder = "/opt/airflow/project"
        done = dbtRunner().invoke(["build", "--project-dir", folder, "--profiles-dir", folder])
        if not done.success:
            raise RuntimeError(f"dbt build failed: {done.exception or 'see the log above'}")
        return {result.node.name: str(result.status) for result in done.result}

    @task
    def report(results):
        print(results)

    report(build())


dbt_shop()
