"""Airflow's context as plain data: what goes through the channel for each of its values."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from airflow_venv._compat import to_plain
from airflow_venv.child.json_codec import TAG, encode
from airflow_venv.errors import VenvError
from airflow_venv.worker import context_names as names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["asset_like", "connection", "describe", "event", "known", "plain"]

_ASSETS = frozenset(
    {
        *("Asset", "AssetAlias", "AssetRef", "AssetNameRef", "AssetUriRef", "AssetUniqueKey", "AssetAliasUniqueKey"),
        *("Dataset", "DatasetAlias"),
    }
)
_ASSET_FIELDS = ("name", "uri", "group", "extra")
_EVENT_FIELDS = (
    *("id", "timestamp", "extra", "uri", "source_dag_id", "source_task_id", "source_run_id", "source_map_index"),
    *("created_dagruns", "asset", "dataset", "asset_id", "dataset_id"),
)
_CONNECTION_FIELDS = ("conn_id", "conn_type", "description", "host", "login", "password", "schema", "port", "extra")


class ContextError(VenvError, ValueError):
    """A value of the context cannot reach an environment; the message says which and why."""


def plain(value: Any) -> Any:
    """Encode any value of the user's or of Airflow's. Raises TypeError for what is no data."""
    return encode(to_plain(value), _other)


def _other(value: Any) -> list[Any] | None:
    """Describe the types of Airflow's that appear inside plain values."""
    if asset_like(value):
        return ["asset", _fields(value, _ASSET_FIELDS)]
    if hasattr(value, "dump") and hasattr(value, "items"):  # ParamsDict
        return ["dict", [[key, encode(value[key], _other)] for key in value]]
    if hasattr(value, "items") and hasattr(value, "keys"):
        return ["dict", [[key, encode(item, _other)] for key, item in value.items()]]
    return None


def asset_like(value: Any) -> bool:
    """Tell whether this is an asset, a dataset, an alias of either, or a reference to one."""
    return any(kind.__name__ in _ASSETS and kind.__module__.startswith("airflow.") for kind in type(value).__mro__)


def _fields(value: Any, wanted: Sequence[str]) -> dict[str, Any]:
    """Encode those fields that the object has and that are data."""
    fields = {}
    for name in wanted:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # fields that this version of Airflow would rather not be asked for
                found = getattr(value, name)
            if name == "timezone":
                found = getattr(found, "key", None) or getattr(found, "name", None) or str(found)
            fields[name] = plain(found)
        except Exception:  # noqa: BLE001, PERF203, S112 - not in this version, or not loaded, or no data: left out
            continue
    return fields


def known(context: Mapping[str, Any]) -> list[str]:
    """List the names that the context of this task has and that can be given."""
    return [name for name in dict.fromkeys([*context, *names.DERIVED]) if names.given(name) and _has(context, name)]


def _has(context: Mapping[str, Any], name: str) -> bool:
    home = names.DERIVED.get(name)
    return name in context or bool(home and hasattr(context.get(home), name))


def describe(context: Mapping[str, Any], name: str) -> Any:
    """Encode one value of the context.

    Raises:
        KeyError: this context has no such value.
        ContextError: it cannot reach an environment.
    """
    if not names.given(name):
        reason = names.refusals([name])[name]
        raise ContextError(f"{name!r} of Airflow's context cannot reach an environment: {reason}")
    if not _has(context, name):
        raise KeyError(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that this version of Airflow would rather not be asked for
        value = context[name] if name in context else getattr(context[names.DERIVED[name]], name)
    if name in names.RECORDS and value is not None:
        kind = "ti" if name == "task_instance" else name
        return {TAG: [kind, _fields(value, names.RECORDS[name])]}
    if name in names.SERVED or name in {"outlet_events", "inlet_events"}:
        return {TAG: [name]}
    if name in names.EVENTS:
        return {
            TAG: ["triggering_events", [[_key(key), [event(one) for one in found]] for key, found in value.items()]]
        }
    try:
        if name == "params":
            return {TAG: ["params", {key: plain(value[key]) for key in value}]}
        return plain(value)
    except TypeError as error:
        raise ContextError(f"{name!r} of Airflow's context cannot reach an environment: {error}") from error


def _key(key: Any) -> Any:
    """Encode the key that events are kept under: an asset, or its URI."""
    return plain(key) if asset_like(key) else {TAG: ["asset", {"name": str(key), "uri": str(key)}]}


def event(value: Any) -> dict[str, Any]:
    """Encode an event of an asset."""
    return {TAG: ["event", _fields(value, _EVENT_FIELDS)]}


def connection(found: Any) -> dict[str, Any]:
    """Encode a connection."""
    fields = {name: getattr(found, name, None) for name in _CONNECTION_FIELDS}
    return {TAG: ["connection", {**plain(fields), "uri": found.get_uri()}]}
