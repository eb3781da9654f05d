"""Run Airflow tasks in Python environments of their own: `@task.venv("name")`.

Importing this package loads no other module of it but a table of names; each public name is loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_venv.child.public_names import SERVICES

if TYPE_CHECKING:
    from airflow_venv.bash_operator import VenvBashOperator as VenvBashOperator
    from airflow_venv.decorators import task as task
    from airflow_venv.decorators import venv as venv
    from airflow_venv.environments.programs import executable as executable
    from airflow_venv.operators import VenvBranchOperator as VenvBranchOperator
    from airflow_venv.operators import VenvOperator as VenvOperator
    from airflow_venv.operators import VenvSensor as VenvSensor
    from airflow_venv.operators import VenvShortCircuitOperator as VenvShortCircuitOperator
    from airflow_venv.worker.services import *  # noqa: F403 - the services, by the __all__ of that module

_MODULES = {
    **dict.fromkeys(SERVICES, "airflow_venv.worker.services"),
    "VenvBashOperator": "airflow_venv.bash_operator",
    "VenvBranchOperator": "airflow_venv.operators",
    "VenvOperator": "airflow_venv.operators",
    "VenvSensor": "airflow_venv.operators",
    "VenvShortCircuitOperator": "airflow_venv.operators",
    "executable": "airflow_venv.environments.programs",
    "task": "airflow_venv.decorators",
    "venv": "airflow_venv.decorators",
}
"""Public name to the module that defines it."""

__all__ = tuple(_MODULES)


def __getattr__(name: str) -> Any:
    """Load a public name from the module that defines it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - only when a name is used

    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
