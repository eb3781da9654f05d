"""DAGs whose tasks use environments in every way that the environments page distinguishes."""

import os

from airflow.sdk import dag, task
from airflow_venv import VenvOperator

PRESENT = os.environ.get("ASTRO_PYENV_py38", "/not/here/bin/python")


def add(x=1):
    return x + 1


@dag(schedule=None, params={"environment": "py313"})
def shop():
    @task.venv("py38")
    def totals(secret="do-not-show-this"):
        return 1

    @task.venv("{{ params.environment }}")
    def by_template(x):
        return x

    @task.venv("elsewhere")
    def on_workers_only(x):
        return x

    @task.external_python(PRESENT)
    def by_path(x):
        return x

    first = totals()
    by_template(first)
    on_workers_only(first)
    by_path(first)
    VenvOperator.partial(task_id="mapped", venv="py313", python_callable=add).expand(op_kwargs=[{"x": 1}, {"x": 2}])


@dag(schedule=None)
def broken_shop():
    @task.venv("nowhere")
    def lost():
        return 1

    @task.venv("gone")
    def no_interpreter():
        return 1

    lost()
    no_interpreter()


@dag(schedule=None)
def plain():
    @task
    def nothing():
        return 1

    nothing()


shop()
broken_shop()
plain()
