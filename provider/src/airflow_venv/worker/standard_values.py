"""Values that Airflow's own machinery hands to a task, turned into those of the standard library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["to_standard"]


def to_standard(value: Any) -> Any:
    """Turn Airflow's lazy values into data: proxies into what they stand for, lazy sequences of XComs into lists.

    Containers are rebuilt only where something in them changed, so that the identity of big values is kept.
    """
    kind = type(value)
    if kind in (str, int, float, bool, bytes, type(None)):
        return value
    if hasattr(kind, "__factory__"):  # a lazy_object_proxy.Proxy; the compiled one gives no module
        return to_standard(value.__wrapped__)
    if kind is dict:
        plain = {key: to_standard(item) for key, item in value.items()}
        return plain if any(plain[key] is not item for key, item in value.items()) else value
    if kind in (list, tuple):
        items = [to_standard(item) for item in value]
        return kind(items) if any(a is not b for a, b in zip(items, value)) else value
    if kind.__module__.startswith("airflow.") and isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [to_standard(item) for item in value]
    return value
