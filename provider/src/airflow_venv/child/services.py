"""Airflow's services, asked of the worker through the channel."""

from .errors import raise_for
from .json_codec import encode

_MISSING = object()


def _ask(request, **arguments):
    """Ask the worker; give its answer, or raise what Airflow raised there."""
    import airflow_venv_runner as runner

    try:
        answer, payload = runner.channel.ask(request, encode(arguments))
    except TypeError as error:
        raise TypeError(f"{request}: {error}. Only plain data goes through the channel") from None
    if "error" in answer:
        raise_for(answer["types"], answer["error"])
    if payload:
        return _unpickled(payload)
    return _built(answer["value"])


def _built(value):
    """Make values of what the worker sent: nothing more is loaded for what JSON can say."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    from .context import build_value

    return build_value(value)


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
    """Give a connection. Raises AirflowNotFoundException where there is none of that id."""
    return _ask("get_connection", conn_id=conn_id)


def get_variable(key, default=_MISSING, deserialize_json=False):
    """Give a Variable. Raises KeyError where there is none and no default."""
    found, value = _ask("get_variable", key=key, deserialize_json=bool(deserialize_json))
    if found:
        return value
    if default is _MISSING:
        raise KeyError(f"Variable {key} does not exist")
    return default


def set_variable(key, value, description=None, serialize_json=False):
    """Set a Variable."""
    _ask("set_variable", key=key, value=value, description=description, serialize_json=bool(serialize_json))


def delete_variable(key):
    """Delete a Variable."""
    _ask("delete_variable", key=key)


def xcom_pull(task_ids=None, dag_id=None, key="return_value", include_prior_dates=False, **more):
    """Give what tasks have pushed: arguments and result as those of Airflow's ``ti.xcom_pull``."""
    if not set(more) <= {"map_indexes", "run_id", "default", "session"}:
        raise TypeError("xcom_pull() does not know " + ", ".join(sorted(more)))
    more.pop("session", None)
    for name, value in (("task_ids", task_ids), ("map_indexes", more.get("map_indexes"))):
        if value is not None and not isinstance(value, (str, int)):
            more[name] = list(value)
    more.setdefault("task_ids", task_ids)
    return _ask("xcom_pull", dag_id=dag_id, key=key, include_prior_dates=bool(include_prior_dates), **more)


def xcom_push(key, value, **_):
    """Push plain data under a key. Raises TypeError for what is no plain data."""
    _ask("xcom_push", key=key, value=value)


def get_current_context():
    """Give the context of the task: a mapping that asks the worker for each value once."""
    from .context import current

    return current()


def context_value(name):
    """Give one value of the context."""
    return _ask("context", name=name)


def state(store, method, asset, arguments):
    """Have the worker read or change one of Airflow's state stores."""
    return _ask("state", store=store, method=method, asset=asset, arguments=arguments)


def inlet_events(asset):
    """Give the events of an inlet."""
    return _ask("inlet_events", asset=asset)


def outlet_event(asset, **changes):
    """Change what goes along with the event of an outlet."""
    _ask("outlet_event", asset=asset, **changes)


def plugin_macros(plugin):
    """List the macros of a plugin; none where there is no such plugin."""
    return _ask("plugin_macros", plugin=plugin)


def macro(plugin, name, args, kwargs):
    """Have the worker call a macro of a plugin's, or one of Airflow's own where ``plugin`` is empty."""
    return _ask("macro", plugin=plugin, name=name, args=list(args), kwargs=kwargs)
