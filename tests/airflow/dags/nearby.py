"""A function that imports modules from beside its DAG file."""

import datetime

from airflow_venv import task

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

with DAG("nearby", schedule=None, start_date=datetime.datetime(2024, 1, 1)) as dag:

    @task.venv("py313")
    def near():
        import near_the_dags

        return near_the_dags.VALUE

    near()

if __name__ == "__main__":
    dag.test()
