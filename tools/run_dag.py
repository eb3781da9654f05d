"""Run one DAG with Airflow on its embedded database, in an image; its results come out as one line of JSON each.

This file is put into a container and run there by the image's own Python (Airflow 2.4 to 3.x); it imports nothing of
this project. Task logs go to stderr, results to stdout, behind a mark.
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
"""Where byte code is kept between runs, if there is such a folder. Environments have their own, and use it."""


def main(dag_id: str) -> int:
    """Run the DAG; the exit code says whether every task ended as success or skipped."""
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
    """Do what Airflow's command line does, in this process: a second start would double the wait."""
    from airflow.cli import cli_parser

    parsed = cli_parser.get_parser().parse_args(list(arguments))
    with contextlib.suppress(SystemExit):  # it leaves so when a task has failed; the states tell more
        parsed.func(parsed)


def _outcome(dag_id: str) -> "tuple[dict[str, str], dict[str, object]]":
    """Return each task's state, and the text of what it returned, in the order in which they ended."""
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
    """Return a stored value as the task returned it; what JSON has no form for becomes its text."""
    try:
        from airflow.sdk.serde import deserialize

        value = row.value
        if isinstance(value, str):
            with contextlib.suppress(ValueError):  # a text that is no JSON is the value itself
                value = json.loads(value)
        value = deserialize(value)
    except ImportError:
        value = (
            stored.deserialize_value(row) if isinstance(row.value, bytes) else row.value
        )  # 2.x reads it with the row
    return json.loads(json.dumps(value, default=str))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
