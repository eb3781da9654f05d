"""Debugging belongs to a developer's own runs: `airflow dags test`, `airflow tasks test` and `dag.test()`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from airflow_venv import config

__all__ = ["debugpy_port", "is_test_run", "terminal"]

_COMMANDS = (["dags", "test"], ["tasks", "test"])
_DAG_MODULES = ("airflow.models.dag", "airflow.sdk.definitions.dag")


def is_test_run() -> bool:
    """Return whether a developer runs this task by hand, outside of any executor."""
    if Path(sys.argv[0]).name in {"airflow", "__main__.py"} and sys.argv[1:3] in _COMMANDS:
        return True
    frame = sys._getframe()  # noqa: SLF001 - `dag.test()` leaves no other sign of itself
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_name == "test" and frame.f_globals.get("__name__") in _DAG_MODULES:
            return True
    return False


def terminal() -> str:
    """Return the terminal of a test run; empty if there is none.

    Under an executor, standard input is not the task's own: in Airflow 3 it is the supervisor's socket.
    """
    try:
        return os.ttyname(0) if is_test_run() else ""
    except OSError:  # not a terminal
        return ""


def debugpy_port() -> int:
    """Return the port at which the child waits for an editor; 0 if it is not to.

    Raises:
        ValueError: the option is set, and an executor runs this task, which would wait for ever.
    """
    port = int(config.option("debugpy"))
    if port and not is_test_run():
        raise ValueError(
            f"[venv] debugpy is {port} in Airflow's configuration: the task would wait for an editor. It works under "
            "`airflow dags test`, `airflow tasks test` and dag.test(); unset it here."
        )
    return port
