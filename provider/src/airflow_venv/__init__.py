"""Run Airflow tasks in Python environments of their own: ``@task.venv("name")``.

Importing this package imports nothing else; each name below is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_venv.decorators import venv as venv
    from airflow_venv.operators import VenvBranchOperator as VenvBranchOperator
    from airflow_venv.operators import VenvOperator as VenvOperator
    from airflow_venv.operators import VenvSensor as VenvSensor
    from airflow_venv.operators import VenvShortCircuitOperator as VenvShortCircuitOperator
    from airflow_venv.worker_api import AirflowFailException as AirflowFailException
    from airflow_venv.worker_api import AirflowNotFoundException as AirflowNotFoundException
    from airflow_venv.worker_api import AirflowSkipException as AirflowSkipException
    from airflow_venv.worker_api import get_connection as get_connection
    from airflow_venv.worker_api import get_current_context as get_current_context
    from airflow_venv.worker_api import get_variable as get_variable
    from airflow_venv.worker_api import log as log
    from airflow_venv.worker_api import set_variable as set_variable
    from airflow_venv.worker_api import xcom_pull as xcom_pull
    from airflow_venv.worker_api import xcom_push as xcom_push

_SERVICES = (
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
)
"""Airflow's services: inside an environment the runner serves them under the same names."""
_HOMES = {
    **dict.fromkeys(_SERVICES, "airflow_venv.worker_api"),
    "VenvBranchOperator": "airflow_venv.operators",
    "VenvOperator": "airflow_venv.operators",
    "VenvSensor": "airflow_venv.operators",
    "VenvShortCircuitOperator": "airflow_venv.operators",
    "venv": "airflow_venv.decorators",
}
__all__ = (  # noqa: PLE0604 - they are strings
    "VenvBranchOperator",
    "VenvOperator",
    "VenvSensor",
    "VenvShortCircuitOperator",
    *_SERVICES,
    "venv",
)


def __getattr__(name: str) -> Any:
    """Load a public name from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - only when a name is used

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
