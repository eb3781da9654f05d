"""Every fork on Airflow's version, from 2.4 to the newest 3.x. No other module asks which Airflow it runs on.

The first branch of each fork is Airflow 3, where the old paths still exist but warn.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

try:  # Airflow 3: the task SDK and the standard provider
    from airflow.sdk.bases.decorator import task_decorator_factory  # isort: skip
    from airflow.sdk.bases.sensor import BaseSensorOperator, PokeReturnValue  # isort: skip
    from airflow.providers.standard.decorators.external_python import _PythonExternalDecoratedOperator as DecoratedInit
    from airflow.providers.standard.operators.branch import BaseBranchOperator
    from airflow.providers.standard.operators.python import ExternalPythonOperator, ShortCircuitOperator

    AIRFLOW_3 = True
except ImportError:  # Airflow 2, where the standard provider may be installed too but the core's classes are in use
    from airflow.decorators.base import task_decorator_factory
    from airflow.decorators.external_python import _PythonExternalDecoratedOperator as DecoratedInit
    from airflow.operators.branch import BaseBranchOperator
    from airflow.operators.python import ExternalPythonOperator, ShortCircuitOperator
    from airflow.sensors.base import BaseSensorOperator, PokeReturnValue

    AIRFLOW_3 = False

try:  # Airflow 3.2 and newer
    from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
except ImportError:
    from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException

try:  # Airflow 3.1 and newer
    from airflow.sdk.definitions.context import KNOWN_CONTEXT_KEYS
except ImportError:
    from airflow.utils.context import KNOWN_CONTEXT_KEYS

from airflow.configuration import conf

__all__ = [
    "AIRFLOW_3",
    "KNOWN_CONTEXT_KEYS",
    "AirflowException",
    "AirflowFailException",
    "AirflowSkipException",
    "BaseBranchOperator",
    "BaseSensorOperator",
    "DecoratedInit",
    "ExternalPythonOperator",
    "PokeReturnValue",
    "ShortCircuitOperator",
    "code_folder",
    "conf",
    "stock_arguments",
    "task_decorator_factory",
    "to_plain",
]


def stock_arguments(serializer: str) -> dict[str, Any]:
    """Name the serializer as this version's ExternalPythonOperator wants it; those that it lacks are ours alone."""
    if "serializer" in inspect.signature(ExternalPythonOperator.__init__).parameters:  # 2.10 and newer
        return {"serializer": serializer if serializer in ("cloudpickle", "dill") else "pickle"}
    return {"use_dill": serializer == "dill"}


def to_plain(value: Any) -> Any:
    """Turn Airflow's lazy values into data: proxies into what they stand for, lazy sequences of XComs into lists.

    Containers are rebuilt only where something in them changed, so that the identity of big values is kept.
    """
    kind = type(value)
    if kind in (str, int, float, bool, bytes, type(None)):
        return value
    if kind.__module__.startswith("lazy_object_proxy"):
        return to_plain(value.__wrapped__)
    if kind is dict:
        plain = {key: to_plain(item) for key, item in value.items()}
        return plain if any(plain[key] is not item for key, item in value.items()) else value
    if kind in (list, tuple):
        items = [to_plain(item) for item in value]
        return kind(items) if any(a is not b for a, b in zip(items, value)) else value
    if kind.__module__.startswith("airflow.") and isinstance(value, Sequence):
        return [to_plain(item) for item in value]
    return value


def code_folder(context: Any) -> str | None:
    """Give the folder from which the DAG's file may import: the root of its bundle, or the DAGs folder before 3.0."""
    if not AIRFLOW_3:
        folder = conf.get("core", "dags_folder", fallback=None)
        return str(folder) if folder else None
    bundle = getattr(context.get("ti"), "bundle_instance", None)
    path = getattr(bundle, "path", None)
    return str(path) if path else None
