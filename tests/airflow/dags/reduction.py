"""A task that takes the results of a mapped task as a list (defect 7)."""

import datetime
import os

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task

for kind in ("ours", "stock"):
    with DAG(f"reduction_{kind}", schedule=None, start_date=datetime.datetime(2024, 1, 1)):

        @task
        def numbers():
            return [1, 2, 3]

        @task
        def double(n):
            return n * 2

        if kind == "ours":

            @task.venv("py38")
            def total(values):
                return sum(values)
        else:

            @task.external_python(python=os.environ["ASTRO_PYENV_py38"], expect_airflow=False)
            def total(values):
                return sum(values)

        total(double.expand(n=numbers()))
