"""The same project by dbt's command line, with the values of Airflow's connection as variables."""

from airflow.sdk import dag

from airflow_venv import task

WAREHOUSE = {
    "WAREHOUSE_HOST": "{{ conn.warehouse.host }}",
    "WAREHOUSE_PORT": "{{ conn.warehouse.port }}",
    "WAREHOUSE_USER": "{{ conn.warehouse.login }}",
    "WAREHOUSE_DATABASE": "{{ conn.warehouse.schema }}",
    "DBT_ENV_SECRET_WAREHOUSE_PASSWORD": "{{ conn.warehouse.password }}",
}


@dag(schedule=None, catchup=False)
def shell_shop():
    @task.venv_bash("dbt", cwd="/opt/airflow/project", env=WAREHOUSE, append_env=True)
    def build(models, run_id=None):
        return f"echo building for {run_id} && dbt build --profiles-dir . --select {models}"

    build("+totals")


shell_shop()
