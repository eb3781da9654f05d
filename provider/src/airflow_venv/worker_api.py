"""Airflow's services by the names that a function imports from ``airflow_venv``, in Airflow's own process.

Inside an environment the same names are served by the runner (``child/services.py``), so a function moves between
``@task`` and ``@task.venv`` unchanged.
"""

from __future__ import annotations

import logging
from typing import Any

from airflow_venv import _compat
from airflow_venv._compat import AirflowFailException, AirflowNotFoundException, AirflowSkipException

__all__ = [
    "AirflowFailException",
    "AirflowNotFoundException",
    "AirflowSkipException",
    "get_connection",
    "get_current_context",
    "get_variable",
    "log",
    "set_variable",
    "xcom_pull",
    "xcom_push",
]

log = logging.getLogger("airflow.task")
_MISSING = object()


def get_connection(conn_id: str) -> Any:
    """Give a connection. Raises AirflowNotFoundException where there is none of that id."""
    return _compat.get_connection(conn_id)


def get_variable(key: str, default: Any = _MISSING, deserialize_json: bool = False) -> Any:
    """Give a Variable. Raises KeyError where there is none and no default."""
    found, value = _compat.get_variable(key, deserialize_json=deserialize_json)
    if found:
        return value
    if default is _MISSING:
        raise KeyError(f"Variable {key} does not exist")
    return default


def set_variable(key: str, value: Any, description: str | None = None, serialize_json: bool = False) -> None:
    """Set a Variable."""
    _compat.set_variable(key, value, description=description, serialize_json=serialize_json)


def get_current_context() -> Any:
    """Give the context of the task that runs."""
    return _compat.get_current_context()


def xcom_pull(
    task_ids: Any = None,
    dag_id: str | None = None,
    key: str = "return_value",
    include_prior_dates: bool = False,
    **more: Any,
) -> Any:
    """Give what tasks have pushed: arguments and result as those of Airflow's ``ti.xcom_pull``."""
    given = {"task_ids": task_ids, "dag_id": dag_id, "key": key, "include_prior_dates": include_prior_dates, **more}
    return _compat.to_plain(_compat.xcom_pull(get_current_context()["ti"], given))


def xcom_push(key: str, value: Any) -> None:
    """Push a value under a key."""
    get_current_context()["ti"].xcom_push(key=key, value=value)
