"""Code that imports Airflow in an environment that has it, run by `dag.test()` (defect 11)."""

import datetime
import os

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task

for kind in ("ours", "stock"):
    with DAG(f"variable_{kind}", schedule=None, start_date=datetime.datetime(2024, 1, 1)):
        if kind == "ours":

            @task.venv("airflow")
            def reads():
                from airflow.sdk import Variable

                return Variable.get("mine")
        else:

            @task.external_python(python=os.environ.get("ASTRO_PYENV_airflow", "/usr/bin/python3"))
            def reads():
                from airflow.sdk import Variable

                return Variable.get("mine")

        reads()
