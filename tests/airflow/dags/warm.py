"""Two warm tasks, one after the other, and a cold one."""

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task

with DAG("warm", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False):

    @task.venv("py313", warm=True)
    def first(before=None):
        import decimal
        import os
        import sys

        return [os.getppid(), os.getpid(), str(decimal.Decimal("1.5")), list(sys.version_info[:2])]

    second = first.override(task_id="second")

    @task.venv("py313", warm=("not_there", "decimal"))
    def third(before):
        import os

        print("printed by the third")
        raise ValueError(f"parent {os.getppid()}")

    third(second(first()))
