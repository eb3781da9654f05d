"""A function that stops in the debugger."""

import pendulum

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task

with DAG("debugging", schedule=None, start_date=pendulum.datetime(2024, 1, 1)) as dag:

    @task.venv("py38")
    def stops():
        number = 40
        breakpoint()  # noqa: T100 - what is tested
        return number

    stops()

if __name__ == "__main__":
    dag.test()
