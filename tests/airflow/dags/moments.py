"""Tasks that a test marks, clears or kills while they run, and a DAG with many tasks at once."""

import datetime
import os

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task


def sleep_long(name):
    """Start a child process and sleep for ten minutes; return at once on the second run."""
    import os
    import subprocess
    import time

    path = os.environ["RESULTS"] + "." + name
    if os.path.exists(path):
        return "the second time"
    below = subprocess.Popen(["sleep", "600"])
    with open(path + ".new", "w") as file:
        file.write("%d %d" % (os.getpid(), below.pid))
    os.rename(path + ".new", path)
    time.sleep(600)


def sleep_short(name):
    """Sleep long enough for a test to stop the worker meanwhile."""
    import os
    import time

    path = os.environ["RESULTS"] + "." + name
    with open(path + ".new", "w") as file:
        file.write("%d" % os.getpid())
    os.rename(path + ".new", path)
    time.sleep(8)
    return "to its end"


SLEEPERS = {"marked_failed": sleep_long, "cleared": sleep_long, "orphaned": sleep_long, "shut_down": sleep_short}
for name, function in SLEEPERS.items():
    with DAG(name, schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False):
        task.venv("py38")(function).override(task_id="sleeps", retry_delay=datetime.timedelta(0))(name)

with DAG("crowd", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False, max_active_tasks=32):

    @task.venv("py38")
    def one(n):
        import time

        time.sleep(1)
        return n * n

    @task.venv("py38")
    def all_of_them(values):
        return sum(values)

    all_of_them(one.expand(n=list(range(20))))
