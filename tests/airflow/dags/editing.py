"""A function in which a test's editor sets a breakpoint."""

import pendulum

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task

with DAG("editing", schedule=None, start_date=pendulum.datetime(2024, 1, 1)):

    @task.venv("debugpy")
    def pauses():
        number = 40
        return number + 1

    pauses()
