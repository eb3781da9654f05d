"""The span of a task as environment variables, so that the spans of its function stand under it.

The names are those of the OpenTelemetry specification for environment variables: `TRACEPARENT`, `TRACESTATE`,
`BAGGAGE`. `child/trace_context.py` takes them up where the function imports OpenTelemetry.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["trace_variables"]


def trace_variables(context: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that describe the current span, or the one that Airflow has made for the task.

    Args:
        context: Airflow's context of the task.
    """
    carrier: dict[str, str] = {}
    if "opentelemetry.trace" in sys.modules:  # else nothing can have started a span
        importlib.import_module("opentelemetry.propagate").inject(carrier)
    made_by_airflow = getattr(context.get("ti"), "context_carrier", None)
    if "traceparent" not in carrier and isinstance(made_by_airflow, dict):
        carrier.update(made_by_airflow)
    return {str(name).upper(): str(value) for name, value in carrier.items()}
