"""The same project by Cosmos: a task for each model and its tests, run by the dbt of the environment."""

from cosmos import DbtDag, ExecutionConfig, LoadMode, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import InvocationMode
from cosmos.profiles import PostgresUserPasswordProfileMapping

from airflow_venv import executable

DBT = executable("dbt", "dbt")

cosmos_shop = DbtDag(
    dag_id="cosmos_shop",
    schedule=None,
    project_config=ProjectConfig("/opt/airflow/project"),
    profile_config=ProfileConfig(
        profile_name="shop",
        target_name="airflow",
        profile_mapping=PostgresUserPasswordProfileMapping(conn_id="warehouse", profile_args={"schema": "public"}),
    ),
    render_config=RenderConfig(
        load_method=LoadMode.DBT_LS, invocation_mode=InvocationMode.SUBPROCESS, dbt_executable_path=DBT
    ),
    execution_config=ExecutionConfig(invocation_mode=InvocationMode.SUBPROCESS, dbt_executable_path=DBT),
)
