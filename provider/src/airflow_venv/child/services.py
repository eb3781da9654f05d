"""Airflow's services, requested from the worker through the channel."""

from collections.abc import MutableMapping

from . import session
from .airflow_exceptions import raise_for
from .json_codec import encode

_MISSING = object()


def _ask(request, **arguments):
    """Ask the worker; return its answer, or raise what Airflow raised there."""
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
    """Decode the answer; nothing is imported for what JSON itself can express."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    return session.decode(value)


def _unpickled(payload):
    import pickle

    try:
        return pickle.loads(payload)  # noqa: S301 - the worker is trusted: it chose the function
    except (ImportError, AttributeError) as error:
        import sys

        raise TypeError(
            f"The value is of a class that this environment cannot import: {error}. Install the package for "
            f"{sys.executable}, or push plain data"
        ) from error


def get_connection(conn_id):
    """Return a connection. Raises AirflowNotFoundException if it does not exist."""
    return _ask("get_connection", conn_id=conn_id)


def get_variable(key, default=_MISSING, deserialize_json=False):
    """Return a Variable. Raises KeyError if it does not exist and there is no default."""
    exists, value = _ask("get_variable", key=key, deserialize_json=bool(deserialize_json))
    if exists:
        return value
    if default is _MISSING:
        raise KeyError(f"Variable {key} does not exist")
    return default


def set_variable(key, value, description=None, serialize_json=False):
    """Set a Variable."""
    _ask("set_variable", key=key, value=value, description=description, serialize_json=bool(serialize_json))


def mask_secret(secret, name=None):
    """Hide a value in the task's log from now on.

    Args:
        secret: a text, or a collection whose texts are all hidden. Airflow does not hide very short ones.
        name: the name of the value. In a dictionary, Airflow hides only values of sensitive names.
    """
    _ask("mask_secret", secret=secret, name=name)


def delete_variable(key):
    """Delete a Variable."""
    _ask("delete_variable", key=key)


def xcom_pull(task_ids=None, dag_id=None, key="return_value", include_prior_dates=False, **more):
    """Return what tasks have pushed: arguments and result as those of Airflow's `ti.xcom_pull`."""
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
    """Have the worker read or change one of Airflow's state stores."""
    return _ask("state", store=store, method=method, asset=asset, arguments=arguments)


def inlet_events(asset):
    """Return the events of an inlet."""
    return _ask("inlet_events", asset=asset)


def outlet_event(asset, **changes):
    """Change what an outlet's event will carry."""
    _ask("outlet_event", asset=asset, **changes)


def plugin_macros(plugin):
    """List the macros of a plugin; an unknown plugin has none."""
    return _ask("plugin_macros", plugin=plugin)


def macro(plugin, name, args, kwargs):
    """Have the worker call a macro of a plugin, or one of Airflow's own where `plugin` is empty."""
    return _ask("macro", plugin=plugin, name=name, args=list(args), kwargs=kwargs)


def context_value(name):
    """Return one value of the context, decoded anew."""
    return _ask("context", name=name)


class TaskContext(MutableMapping):
    """Airflow's context of this task: each value is requested once."""

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
"""Values of the context that the function gets as arguments: `get_current_context()` holds the same objects."""
_current = []


def get_current_context():
    """Return the context of the task."""
    if not _current:
        _current.append(TaskContext(context_value(""), dict(passed_values)))
    return _current[0]
