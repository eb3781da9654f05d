"""Tasks that end in every possible way, in an environment without Airflow."""

import datetime
import json
import os

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task


class BadData(ValueError):
    """An exception defined in the DAG file."""


def note_failure(context):
    """Record the exception that a callback receives."""
    exception = context["exception"]
    seen = [type(exception).__name__, isinstance(exception, ValueError), str(exception)]
    with open(os.environ["RESULTS"], "a") as file:
        file.write(json.dumps(["callback", seen]) + "\n")


with DAG("endings", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False):

    @task.venv("py38", include=[BadData], on_failure_callback=note_failure)
    def raises():
        raise BadData("row 7")

    @task.venv("py38", retries=2, retry_delay=datetime.timedelta(seconds=0))
    def again():
        import os

        path = os.environ["RESULTS"] + ".once"
        if not os.path.exists(path):
            open(path, "w").close()
            raise KeyError("the first time")
        return "the second time"

    @task.venv("py38", skip_on_exit_code=7)
    def leaves():
        import sys

        sys.exit(7)

    @task.venv("py38")
    def killed():
        import os

        os.kill(os.getpid(), 9)

    @task.venv("py38", execution_timeout=datetime.timedelta(seconds=4))
    def too_long():
        import os
        import subprocess
        import time

        below = subprocess.Popen(["sleep", "600"])
        with open(os.environ["RESULTS"] + ".too_long", "w") as file:
            file.write("%d %d\n" % (os.getpid(), below.pid))
        time.sleep(600)

    @task.venv("py38")
    def speaks():
        import logging
        import sys

        print("by print")
        print("by stderr", file=sys.stderr)
        logging.getLogger("mine").warning("by %s", "logging")
        return 1

    raises()
    again()
    leaves()
    killed()
    too_long()
    speaks()
