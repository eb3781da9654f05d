"""A task that sleeps for ten minutes and has a child process, so that a test can kill it."""

import datetime
import os

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task

with DAG("sleeper", schedule=None, start_date=datetime.datetime(2024, 1, 1)):

    @task.venv("py38")
    def sleeps():
        import os
        import subprocess
        import time

        below = subprocess.Popen(["sleep", "600"])
        with open(os.environ["RESULTS"] + ".pids", "w") as file:
            file.write("%d %d\n" % (os.getpid(), below.pid))
        time.sleep(600)

    sleeps()
