"""Classes and exceptions defined in the DAG file, used as arguments, as results and in callbacks."""

import datetime
import json
import os

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task

try:
    from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule
except ImportError:
    RetryRule = None


class Row:
    def __init__(self, x):
        self.x = x


class BadData(Exception):
    pass


def note(name, value):
    with open(os.environ["RESULTS"], "a") as file:
        file.write(json.dumps([name, value]) + "\n")


def failed(context):
    error = context["exception"]
    note("failed", [isinstance(error, BadData), type(error).__module__ == __name__, list(error.args)])


policy = {}
if RetryRule:
    policy["retry_policy"] = ExceptionRetryPolicy(rules=[RetryRule(exception=BadData, action=RetryAction.FAIL)])

with DAG("identity", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False):

    @task.venv("py38", include=[Row])
    def take(row):
        return [type(row) is Row, row.x]

    @task.venv(
        "py38",
        include=[BadData],
        on_failure_callback=failed,
        retries=1 if policy else 0,
        retry_delay=datetime.timedelta(0),
        **policy,
    )
    def fail():
        raise BadData("data", 7)

    @task.venv("py38")
    def when():
        import datetime

        return datetime.datetime(2024, 7, 1, tzinfo=datetime.timezone.utc)

    @task.venv("py313")
    def passed_on(moment, moments):
        return [type(value).__module__ + " " + value.isoformat() for value in (moment, *moments)]

    take(Row(3))
    fail()
    moment = when()
    passed_on(moment, [moment])
