"""Airflow's context as plain data: the values that reach an environment, and how each is encoded."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from airflow_venv.child.json_codec import TAG, encode
from airflow_venv.errors import ContextError
from airflow_venv.worker.standard_values import to_standard

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "asset_like",
    "encode_connection",
    "encode_context_value",
    "encode_event",
    "encode_value",
    "is_available",
    "is_lazy",
    "known_names",
    "refusals",
]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_TI = _words(
    """task_id dag_id run_id map_index try_number max_tries prev_attempted_tries state start_date end_date hostname
    operator operator_name queue pool priority_weight unixname pid job_id logical_date execution_date log_url
    task_display_name rendered_map_index is_mapped external_executor_id queued_dttm bundle_version"""
)
_RECORDS: dict[str, tuple[str, ...]] = {
    "ti": _TI,
    "task_instance": _TI,
    "dag_run": _words(
        """run_id dag_id run_type state conf logical_date execution_date data_interval_start data_interval_end
        start_date end_date run_after queued_at external_trigger is_backfill clear_number note creating_job_id
        triggered_by triggering_user_name partition_key partition_date"""
    ),
    "dag": _words(
        """dag_id dag_display_name description tags owner start_date end_date catchup max_active_runs max_active_tasks
        timezone doc_md fileloc filepath relative_fileloc folder task_ids params default_args schedule_interval
        timetable_summary is_paused_upon_creation max_consecutive_failed_dag_runs dagrun_timeout owner_links"""
    ),
    "task": _words(
        """task_id dag_id owner email retries retry_delay max_retry_delay retry_exponential_backoff execution_timeout
        queue pool pool_slots priority_weight trigger_rule doc doc_md doc_json doc_yaml doc_rst task_type
        operator_name label task_display_name params upstream_task_ids downstream_task_ids start_date end_date
        depends_on_past wait_for_downstream max_active_tis_per_dag inlets outlets template_fields multiple_outputs
        map_index_template run_as_user do_xcom_push"""
    ),
}
"""Objects that reach an environment as records, with the fields they take along where they have them."""

_SERVED = frozenset({"conn", "var", "macros", "task_state_store", "asset_state_store"})
"""Objects that the environment makes itself, or that ask the worker for each value."""

_ASSET_LISTS = frozenset({"inlets", "outlets"})
_EVENTS = frozenset({"inlet_events", "outlet_events", "triggering_asset_events", "triggering_dataset_events"})

_PLAIN = frozenset(
    _words(
        """params run_id ds ds_nodash ts ts_nodash ts_nodash_with_tz logical_date execution_date data_interval_start
        data_interval_end prev_ds prev_ds_nodash next_ds next_ds_nodash prev_execution_date next_execution_date
        prev_execution_date_success prev_data_interval_start_success prev_data_interval_end_success
        prev_start_date_success prev_end_date_success yesterday_ds yesterday_ds_nodash tomorrow_ds tomorrow_ds_nodash
        task_instance_key_str test_mode try_number templates_dict expanded_ti_count map_index_template
        task_reschedule_count start_date dag_id task_id partition_key partition_date"""
    )
)

_DERIVED = {"try_number": "ti", "dag_id": "ti", "task_id": "ti", "start_date": "ti"}
"""Names that some versions list but do not fill: they are taken from another value's field of that name."""

_LAZY = frozenset(
    _words(
        """prev_data_interval_start_success prev_data_interval_end_success prev_start_date_success
        prev_end_date_success prev_execution_date_success triggering_asset_events triggering_dataset_events"""
    )
)
"""Values that cost Airflow a query: a function with `**context` gets them when it looks at them."""

_REASONS = {
    "conf": "it is Airflow's own configuration; read what you need with templates or pass it as an argument",
    "exception": "it exists in callbacks only",
    "reason": "it exists in callbacks only",
}


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


def is_available(name: str) -> bool:
    """Return whether a name of the context can reach an environment."""
    return name in _RECORDS or name in _SERVED or name in _ASSET_LISTS or name in _EVENTS or name in _PLAIN


def is_lazy(name: str) -> bool:
    """Return whether a value is fetched only when the function uses it."""
    return name in _LAZY


def refusals(names: Iterable[str]) -> dict[str, str]:
    """Return the reason for each name of the context that cannot reach an environment.

    Args:
        names: parameters of the function that nobody passes and that this Airflow's context has.
    """
    return {
        name: _REASONS.get(name, "it cannot be described as plain data outside Airflow's own process")
        for name in names
        if not is_available(name)
    }


def encode_value(value: Any) -> Any:
    """Encode any value of the user's or of Airflow's. Raises TypeError for what is no data."""
    return encode(to_standard(value), _other)


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
    """Return whether this is an asset, a dataset, an alias of either, or a reference to one."""
    return any(kind.__name__ in _ASSETS and kind.__module__.startswith("airflow.") for kind in type(value).__mro__)


def _fields(value: Any, names: Sequence[str]) -> dict[str, Any]:
    """Encode those fields that the object has and that are data."""
    fields = {}
    for name in names:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # fields that this version of Airflow deprecates
                field = getattr(value, name)
            if name == "timezone":
                field = getattr(field, "key", None) or getattr(field, "name", None) or str(field)
            fields[name] = encode_value(field)
        except Exception:  # noqa: BLE001, PERF203, S112 - not in this version, or not loaded, or no data: left out
            continue
    return fields


def known_names(context: Mapping[str, Any]) -> list[str]:
    """List the names that the context of this task has, those that cannot reach an environment too."""
    return [name for name in dict.fromkeys([*context, *_DERIVED]) if _has(context, name)]


def _has(context: Mapping[str, Any], name: str) -> bool:
    owner = _DERIVED.get(name)
    return name in context or bool(owner and hasattr(context.get(owner), name))


def encode_context_value(context: Mapping[str, Any], name: str) -> Any:
    """Encode one value of the context.

    Raises:
        KeyError: this context has no such value.
        ContextError: it cannot reach an environment.
    """
    if not is_available(name):
        reason = refusals([name])[name]
        raise ContextError(f"{name!r} of Airflow's context cannot reach an environment: {reason}")
    if not _has(context, name):
        raise KeyError(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that this version of Airflow deprecates
        value = context[name] if name in context else getattr(context[_DERIVED[name]], name)
    if name in _RECORDS and value is not None:
        kind = "ti" if name == "task_instance" else name
        return {TAG: [kind, _fields(value, _RECORDS[name])]}
    if name in _SERVED or name == "outlet_events":
        return {TAG: [name]}
    if name == "inlet_events":
        return {TAG: [name, [_key(inlet) for inlet in value]]}
    if name in _EVENTS:
        events = [[_key(key), [encode_event(event) for event in value[key]]] for key in value]
        return {TAG: ["triggering_events", events]}
    try:
        if name == "params":
            return {TAG: ["params", {key: encode_value(value[key]) for key in value}]}
        return encode_value(value)
    except TypeError as error:
        raise ContextError(f"{name!r} of Airflow's context cannot reach an environment: {error}") from error


def _key(key: Any) -> Any:
    """Encode the key that events are kept under: an asset, or its URI."""
    return encode_value(key) if asset_like(key) else {TAG: ["asset", {"name": str(key), "uri": str(key)}]}


def encode_event(value: Any) -> dict[str, Any]:
    """Encode an event of an asset."""
    return {TAG: ["event", _fields(value, _EVENT_FIELDS)]}


def encode_connection(connection: Any) -> dict[str, Any]:
    """Encode a connection."""
    fields = {name: getattr(connection, name, None) for name in _CONNECTION_FIELDS}
    return {TAG: ["connection", {**encode_value(fields), "uri": connection.get_uri()}]}
