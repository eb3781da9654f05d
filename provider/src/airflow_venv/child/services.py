"""Airflow's services, requested from the worker through the channel."""

from collections.abc import MutableMapping

from . import session
from .airflow_exceptions import raise_for
from .json_codec import encode

_MISSING = object()


def _ask(request, **arguments):
    """Send a request to the worker; return the answer, or raise the counterpart of the exception raised there."""
    try:
        answer, payload = session.channel.ask(request, encode(arguments))
    except TypeError as error:
        raise TypeError(f"{request}: {error}. Only plain data goes through the channel") from None
    if answer.error is not None:
        raise_for(answer.types, answer.error)
    if answer.pickled:
        return _unpickled(payload)
    return _decoded(answer.value)


def _decoded(value):
    """Decode an answer, without importing anything for values that JSON itself can represent."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    return session.decode(value)


def _unpickled(payload):
    from . import moved_modules

    try:
        return moved_modules.loads(payload)
    except (ImportError, AttributeError) as error:
        import sys

        raise TypeError(
            f"The value is of a class that this environment cannot import: {error}. Install the package for "
            f"{sys.executable}, or push plain data"
        ) from error


def get_connection(conn_id):
    """Return a connection.

    Args:
        conn_id: the ID of the connection, a text.

    Returns:
        A `context_objects.Connection`.

    Raises:
        AirflowNotFoundException: the connection does not exist.
    """
    return _ask("get_connection", conn_id=conn_id)


def get_variable(key, default=_MISSING, deserialize_json=False):
    """Return the value of a Variable.

    Args:
        key: the name of the Variable, a text.
        default: the value to return if the Variable does not exist.
        deserialize_json: whether the value is a JSON text that is decoded.

    Raises:
        KeyError: the Variable does not exist and there is no default.
    """
    exists, value = _ask("get_variable", key=key, deserialize_json=bool(deserialize_json))
    if exists:
        return value
    if default is _MISSING:
        raise KeyError(f"Variable {key} does not exist")
    return default


def set_variable(key, value, description=None, serialize_json=False):
    """Set the value of a Variable.

    Args:
        key: the name of the Variable, a text.
        value: the value.
        description: the description of the Variable, or None.
        serialize_json: whether the value is encoded as a JSON text.
    """
    _ask("set_variable", key=key, value=value, description=description, serialize_json=bool(serialize_json))


def mask_secret(secret, name=None):
    """Mask a value in the task's log from now on.

    Args:
        secret: a text, or a collection whose texts are all masked. Airflow does not mask very short texts.
        name: the name of the value. In a dictionary, Airflow masks only the values of sensitive names.
    """
    _ask("mask_secret", secret=secret, name=name)


def delete_variable(key):
    """Delete a Variable."""
    _ask("delete_variable", key=key)


def xcom_pull(task_ids=None, dag_id=None, key="return_value", include_prior_dates=False, **more):
    """Return XCom values. Arguments and result are those of Airflow's `TaskInstance.xcom_pull`."""
    if not set(more) <= {"map_indexes", "run_id", "default", "session"}:
        raise TypeError("xcom_pull() does not know " + ", ".join(sorted(more)))
    more.pop("session", None)
    for name, value in (("task_ids", task_ids), ("map_indexes", more.get("map_indexes"))):
        if value is not None and not isinstance(value, (str, int)):
            more[name] = list(value)
    more.setdefault("task_ids", task_ids)
    return _ask("xcom_pull", dag_id=dag_id, key=key, include_prior_dates=bool(include_prior_dates), **more)


def xcom_push(key, value, **_):
    """Push plain data under a key. Raises TypeError for other values."""
    _ask("xcom_push", key=key, value=value)


def state(store, method, asset, arguments):
    """Have the worker call a method of one of Airflow's state stores.

    Args:
        store: `task_state_store` or `asset_state_store`.
        method: the name of the method.
        asset: the name and URI of the asset (see `asset_events.reference`), or None.
        arguments: the keyword arguments of the method.
    """
    return _ask("state", store=store, method=method, asset=asset, arguments=arguments)


def inlet_events(asset):
    """Return the past events of an inlet.

    Args:
        asset: its name and URI (see `asset_events.reference`).
    """
    return _ask("inlet_events", asset=asset)


def outlet_event(asset, **changes):
    """Change the event of an outlet.

    Args:
        asset: the name and URI of the outlet (see `asset_events.reference`).
        changes: `extra` for the event's extra data, or `add` and `add_extra` for an asset to add to an alias.
    """
    _ask("outlet_event", asset=asset, **changes)


def plugin_macros(plugin):
    """Return the names of a plugin's macros, or an empty list for an unknown plugin."""
    return _ask("plugin_macros", plugin=plugin)


def macro(plugin, name, args, kwargs):
    """Have the worker call a macro of a plugin, or one of Airflow's own if `plugin` is empty."""
    return _ask("macro", plugin=plugin, name=name, args=list(args), kwargs=kwargs)


def context_value(name):
    """Request one value of the context. For an empty name, return the names of all values."""
    return _ask("context", name=name)


class TaskContext(MutableMapping):
    """Airflow's context of this task. Each value is requested on its first use only.

    Args:
        names: the names of all values.
        values: the values that are known already, by name.
    """

    def __init__(self, names, values):
        self._names = dict.fromkeys(names)
        self._values = values

    def __getitem__(self, name):
        if name not in self._values:
            if name not in self._names:
                raise KeyError(name)
            self._values[name] = context_value(name)
        return self._values[name]

    def __setitem__(self, name, value):
        self._names[name] = None
        self._values[name] = value

    def __delitem__(self, name):
        del self._names[name]
        self._values.pop(name, None)

    def __iter__(self):
        return iter(self._names)

    def __len__(self):
        return len(self._names)

    def __contains__(self, name):
        return name in self._names

    def __repr__(self):
        return "<context: {}>".format(", ".join(self._names))


passed_values = {}
"""Values of the context that the function gets as arguments. `get_current_context()` returns the same objects."""
_current = []


def get_current_context():
    """Return the `TaskContext` of the task."""
    if not _current:
        _current.append(TaskContext(context_value(""), dict(passed_values)))
    return _current[0]
