"""Airflow's services in the worker: for functions that run here, and the answers to those in an environment.

The functions are those that `from airflow_venv import ...` gives in Airflow's own process; inside an environment the
same names are served by `child/services.py`, so a function moves between `@task` and `@task.venv` unchanged.

The arguments of requests are plain data, and so are the answers, apart from XCom values of other types, which are
pickled for the environment. Nothing that the environment sends is unpickled here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from airflow_venv import _compat
from airflow_venv._compat import (
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSkipException,
    PokeReturnValue,
    get_connection,
    get_current_context,
    mask_secret,
    set_variable,
)
from airflow_venv.child.excerpt import excerpt
from airflow_venv.child.json_codec import TAG, decode
from airflow_venv.child.task_logger import log
from airflow_venv.worker.child_environment import child_variables
from airflow_venv.worker.context_encoding import (
    asset_like,
    encode_connection,
    encode_context_value,
    encode_event,
    encode_value,
    is_available,
    is_lazy,
    known_names,
    refusals,
)
from airflow_venv.worker.messages import Pickled
from airflow_venv.worker.standard_values import dumps, to_standard

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_venv.call import Call

__all__ = [
    "AirflowFailException",
    "AirflowNotFoundException",
    "AirflowSkipException",
    "PokeReturnValue",
    "get_connection",
    "get_current_context",
    "get_variable",
    "log",
    "mask_secret",
    "set_variable",
    "xcom_pull",
    "xcom_push",
]

PULL_PROTOCOL = 4
"""The pickle protocol for answers, which every supported Python can read."""
_MISSING = object()


def get_variable(key: str, default: Any = _MISSING, deserialize_json: bool = False) -> Any:
    """Return a Variable. Raises KeyError if it does not exist and there is no default."""
    exists, value = _compat.get_variable(key, deserialize_json=deserialize_json)
    if exists:
        return value
    if default is _MISSING:
        raise KeyError(f"Variable {key} does not exist")
    return default


def xcom_pull(
    task_ids: Any = None,
    dag_id: str | None = None,
    key: str = "return_value",
    include_prior_dates: bool = False,
    **more: Any,
) -> Any:
    """Return what tasks have pushed: arguments and result as those of Airflow's `ti.xcom_pull`."""
    arguments = {"task_ids": task_ids, "dag_id": dag_id, "key": key, "include_prior_dates": include_prior_dates, **more}
    return to_standard(_compat.xcom_pull(get_current_context()["ti"], arguments))


def xcom_push(key: str, value: Any) -> None:
    """Push a value under a key."""
    get_current_context()["ti"].xcom_push(key=key, value=value)


class Services:
    """Airflow's services for one task."""

    def __init__(self, context: Mapping[str, Any]) -> None:
        self._context = context

    def context(self, names: Iterable[str], *, everything: bool) -> dict[str, Any]:
        """Encode the values of the context that a function asks for; with `everything`, all of them."""
        encoded = {name: encode_context_value(self._context, name) for name in names}
        rest = (name for name in known_names(self._context) if everything and name not in encoded)
        return {**encoded, **{name: {TAG: ["lazy", name]} if is_lazy(name) else self._encode(name) for name in rest}}

    def _encode(self, name: str) -> Any:
        """Encode one value, or a placeholder for a value that is lazy or cannot be sent."""
        if name in self._context and not is_available(name):
            return {TAG: ["unavailable", name, refusals([name])[name]]}
        return encode_context_value(self._context, name)

    def redact(self, text: str) -> str:
        """Return the text with the secrets hidden that Airflow knows."""
        return _compat.redact(text)

    def longest_secret(self) -> int:
        """Return the number of bytes of the longest of these secrets."""
        return _compat.longest_secret()

    def variables(self, call: Call) -> dict[str, str]:
        """Return the environment variables of the child, `AIRFLOW_CONN_*` for the exported connections among them."""
        exported = {
            f"AIRFLOW_CONN_{name.upper()}": _compat.get_connection(name).get_uri() for name in call.export_connections
        }
        variables = child_variables(
            call.env,
            packages=call.environment.packages,
            worker_version=_compat.AIRFLOW_VERSION,
            inherited=os.environ,
        )
        return {**variables, **exported}

    def answer(self, request: str, arguments: dict[str, Any]) -> Any:
        """Answer one request: encoded plain data, or `Pickled`.

        Raises:
            ValueError: the request is unknown, or its arguments are invalid.
            Exception: any exception of Airflow's, which is raised again in the function.
        """
        if request not in _REQUESTS:
            raise ValueError(f"an unknown request: {excerpt(request)}")
        types = _REQUESTS[request]
        decoded = decode(arguments)
        for name, value in decoded.items():
            if name not in types or not isinstance(value, types[name]):
                raise ValueError(f"{request}: {excerpt(name)} cannot be a {type(value).__name__}")
        missing = {name for name, kind in types.items() if kind is str} - decoded.keys()
        if missing:
            raise ValueError(f"{request}: {', '.join(sorted(missing))} is missing")
        return getattr(self, f"_answer_{request}")(**decoded)

    def _answer_get_connection(self, conn_id: str) -> Any:
        return encode_connection(get_connection(conn_id))

    def _answer_get_variable(self, key: str, *, deserialize_json: bool = False) -> Any:
        exists, value = _compat.get_variable(key, deserialize_json=deserialize_json)
        return [exists, encode_value(value)]

    def _answer_set_variable(
        self, key: str, value: Any, *, description: str | None = None, serialize_json: bool = False
    ) -> None:
        _compat.set_variable(key, value, description=description, serialize_json=serialize_json)

    def _answer_delete_variable(self, key: str) -> None:
        _compat.delete_variable(key)

    def _answer_mask_secret(self, secret: Any, *, name: str | None = None) -> None:
        mask_secret(secret, name)

    def _answer_xcom_pull(self, **arguments: Any) -> Any:
        value = to_standard(_compat.xcom_pull(self._context["ti"], arguments))
        try:
            return encode_value(value)
        except TypeError:
            return Pickled(dumps(value, PULL_PROTOCOL))

    def _answer_xcom_push(self, key: str, value: Any) -> None:
        self._context["ti"].xcom_push(key=key, value=value)

    def _answer_context(self, name: str) -> Any:
        return self._encode(name) if name else known_names(self._context)

    def _answer_plugin_macros(self, plugin: str) -> list[str]:
        return sorted(_compat.plugin_macros().get(plugin, {}))

    def _answer_macro(self, plugin: str, name: str, *, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call a macro of Airflow or of a plugin, and no other function that its module contains."""
        if plugin:
            macro = _compat.plugin_macros().get(plugin, {}).get(name)
        else:
            macro = getattr(self._context["macros"], name, None) if name in _AIRFLOWS_MACROS else None
        if macro is None:
            raise AttributeError(f"macros.{plugin or 'airflow'} has no {excerpt(name)}")
        return encode_value(macro(*args, **kwargs))

    def _answer_state(self, store: str, method: str, *, asset: dict[str, Any] | None, arguments: dict[str, Any]) -> Any:
        if store not in _STORES or method not in _STORE_METHODS:
            raise ValueError(f"state: {excerpt(store)} has no {excerpt(method)}")
        state = self._context[store]
        state = state if asset is None else state[self._asset(asset)]
        return encode_value(getattr(state, method)(**arguments))

    def _answer_inlet_events(self, asset: dict[str, Any]) -> Any:
        return [encode_event(event) for event in self._context["inlet_events"][self._asset(asset)]]

    def _answer_outlet_event(
        self,
        asset: dict[str, Any],
        *,
        extra: dict[str, Any] | None = None,
        add: dict[str, Any] | None = None,
        add_extra: dict[str, Any] | None = None,
    ) -> None:
        accessor = self._context["outlet_events"][self._asset(asset)]
        if extra is not None:
            accessor.extra.clear()
            accessor.extra.update(extra)
        if add is not None:
            accessor.add(_compat.make_asset(add.get("name"), add.get("uri")), extra=add_extra or {})

    def _asset(self, reference: dict[str, Any]) -> Any:
        """Find the asset among the task's inlets and outlets; raises KeyError for any other."""
        names = {value for value in reference.values() if isinstance(value, str)}
        task = self._context["task"]
        for asset in [*task.outlets, *task.inlets]:
            if asset_like(asset) and names & {getattr(asset, "name", None), getattr(asset, "uri", None)}:
                return asset
        raise KeyError(f"{', '.join(sorted(names))} is neither an inlet nor an outlet of the task")


_ANY = (object,)
_STORES = frozenset({"task_state_store", "asset_state_store"})
_STORE_METHODS = frozenset({"get", "set", "delete", "clear"})
_AIRFLOWS_MACROS = frozenset({"datetime_diff_for_humans", "ds_format_locale"})
"""Macros that need packages of Airflow, which an environment may lack."""
_TEXT, _TEXTS, _TABLE = (str, type(None)), (str, list, type(None)), (dict, type(None))
_REQUESTS: dict[str, dict[str, Any]] = {
    "get_connection": {"conn_id": str},
    "get_variable": {"key": str, "deserialize_json": bool},
    "set_variable": {"key": str, "value": _ANY, "description": _TEXT, "serialize_json": bool},
    "delete_variable": {"key": str},
    "mask_secret": {"secret": _ANY, "name": _TEXT},
    "xcom_pull": {
        "task_ids": _TEXTS,
        "dag_id": _TEXT,
        "key": _TEXT,
        "include_prior_dates": bool,
        "map_indexes": (int, list, type(None)),
        "run_id": _TEXT,
        "default": _ANY,
    },
    "xcom_push": {"key": str, "value": _ANY},
    "plugin_macros": {"plugin": str},
    "macro": {"plugin": str, "name": str, "args": list, "kwargs": dict},
    "context": {"name": str},
    "state": {"store": str, "method": str, "asset": _TABLE, "arguments": dict},
    "inlet_events": {"asset": dict},
    "outlet_event": {"asset": dict, "extra": _TABLE, "add": _TABLE, "add_extra": _TABLE},
}
"""Each request with the types of its arguments; those that are text must be there. `Services._answer_*` answers it."""
