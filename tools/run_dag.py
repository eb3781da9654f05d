"""Run one DAG with Airflow on its embedded database, in an image, and print the outcome of each task as JSON.

This file is mounted into a container and run by the image's own Python (Airflow 2.4 to 3.x). It imports nothing from
this project. Logs of tasks go to standard error. Outcomes go to standard output, one per line, after `MARK`.
"""

import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

MARK = "@result "
COMPILED = "/pycache"
"""Folder that keeps byte code between runs, if it exists. Environments have byte code of their own."""


def main(dag_id: str) -> int:
    """Run the DAG, and return 0 if every task has succeeded or was skipped, otherwise 1."""
    if Path(COMPILED).is_dir():
        sys.pycache_prefix = COMPILED
    os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{tempfile.mkdtemp()}/airflow.db"
    os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    with contextlib.redirect_stdout(sys.stderr):
        from airflow.utils.db import initdb

        initdb()
        _airflow("dags", "test", dag_id)
        states, values = _outcome(dag_id)
    for task in states:
        print(MARK + json.dumps({"task": task, "state": states[task], "value": values.get(task)}), flush=True)
    return 0 if states and all(state in ("success", "skipped") for state in states.values()) else 1


def _airflow(*arguments: str) -> None:
    """Run a command of Airflow's command line in this process, since starting another one would take twice as long."""
    from airflow.cli import cli_parser

    parsed = cli_parser.get_parser().parse_args(list(arguments))
    with contextlib.suppress(SystemExit):  # raised if a task has failed; the states are read below
        parsed.func(parsed)


def _outcome(dag_id: str) -> "tuple[dict[str, str], dict[str, object]]":
    """Return the state and the return value of each task, by ID. The states are in the order of the tasks' ends."""
    from airflow.models import TaskInstance
    from airflow.utils.session import create_session

    try:
        from airflow.models.xcom import XComModel as Stored
    except ImportError:  # before Airflow 3
        from airflow.models.xcom import XCom as Stored

    with create_session() as session:
        tasks = session.query(TaskInstance).filter(TaskInstance.dag_id == dag_id).order_by(TaskInstance.end_date).all()
        states = {task.task_id: str(getattr(task.state, "value", task.state)) for task in tasks}
        rows = session.query(Stored).filter(Stored.dag_id == dag_id, Stored.key == "return_value").all()
        return states, {row.task_id: _shown(row, Stored) for row in rows}


def _shown(row: "Any", stored: "Any") -> object:
    """Return the return value of a task, with values that JSON cannot represent converted to text."""
    try:
        from airflow.sdk.serde import deserialize

        value = row.value
        if isinstance(value, str):
            with contextlib.suppress(ValueError):  # a text that is not JSON is the value itself
                value = json.loads(value)
        value = deserialize(value)
    except ImportError:
        value = (
            stored.deserialize_value(row) if isinstance(row.value, bytes) else row.value
        )  # 2.x deserializes the whole row
    return json.loads(json.dumps(value, default=str))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
