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

_HOMES = {
    "VenvBranchOperator": "airflow_venv.operators",
    "VenvOperator": "airflow_venv.operators",
    "VenvSensor": "airflow_venv.operators",
    "VenvShortCircuitOperator": "airflow_venv.operators",
    "venv": "airflow_venv.decorators",
}
__all__ = ["VenvBranchOperator", "VenvOperator", "VenvSensor", "VenvShortCircuitOperator", "venv"]


def __getattr__(name: str) -> Any:
    """Load a public name from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - only when a name is used

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
