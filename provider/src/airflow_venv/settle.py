"""From the outcome of a run to what Airflow understands: a value, a skip, a failure with or without a retry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_venv.call import Call
    from airflow_venv.operators import VenvOperator

__all__ = ["kill", "run"]


def run(call: Call, context: Mapping[str, Any], operator: VenvOperator) -> Any:
    """Run the call in one child process and give the function's value, or raise what its outcome means to Airflow."""
    from airflow_venv._compat import ExternalPythonOperator

    return ExternalPythonOperator.execute(operator, context)


def kill(operator: VenvOperator) -> None:
    """End the process that the operator has running, if any."""
