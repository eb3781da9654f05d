"""Decode values of Airflow's context that the worker has sent."""

from . import asset_events, context_objects, json_codec, state_stores


def decode_context(encoded):
    """Decode each value of a dictionary."""
    return {name: decode_value(value) for name, value in encoded.items()}


def decode_value(value):
    """Decode one value. Raises ValueError for an invalid or unknown tag."""
    return json_codec.decode(value, _from_tag, {"datetime": moment})


def moment(stamp, zone, fold=0):
    """Return a datetime, of pendulum's class if the environment has pendulum.

    Args:
        stamp: the datetime in ISO 8601 format.
        zone: the name of its time zone, or None.
        fold: 1 for the second of two equal hours.
    """
    value = json_codec.read_datetime(stamp, zone, fold)
    pendulum = _pendulum()
    return pendulum.instance(value, tz=zone or value.tzinfo) if pendulum else value


def _pendulum():
    try:
        import pendulum
    except ImportError:
        return None
    return pendulum if hasattr(pendulum, "instance") else None


def _from_tag(tag):
    kind, parts = tag[0], tag[1:]
    if kind in _RECORDS:
        return _RECORDS[kind](decode_context(parts[0]))
    if kind in _OBJECTS:
        return _OBJECTS[kind](*parts)
    if kind == "triggering_events":
        return asset_events.TriggeringEvents([(decode_value(key), decode_value(events)) for key, events in parts[0]])
    raise ValueError(f"an unknown type: {kind!r}")


def _macros():
    from . import macros

    return macros


_RECORDS = {
    "asset": asset_events.Asset,
    "connection": context_objects.Connection,
    "dag": context_objects.Dag,
    "dag_run": context_objects.DagRun,
    "event": asset_events.AssetEvent,
    "params": context_objects.Params,
    "task": context_objects.Task,
    "ti": context_objects.TaskInstance,
}
"""Class that takes a dictionary of decoded fields, by tag."""
_OBJECTS = {
    "asset_state_store": lambda: state_stores.StateStore("asset_state_store"),
    "conn": context_objects.Connections,
    "inlet_events": lambda inlets: asset_events.InletEvents(decode_value(inlets)),
    "lazy": context_objects.LazyValue,
    "macros": _macros,
    "outlet_events": asset_events.OutletEvents,
    "task_state_store": lambda: state_stores.StateStore("task_state_store"),
    "unavailable": context_objects.UnavailableValue,
    "var": context_objects.Var,
}
"""Function or class that takes the remaining parts of a tag and returns the object, by tag."""
