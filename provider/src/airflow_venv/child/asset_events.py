"""Represent assets (called datasets before Airflow 3) and their events in a function."""

from collections.abc import Mapping

from . import services
from .context_objects import Record


class Asset(Record):
    """An asset with `name`, `uri`, `group` and `extra`. Assets with the same name and URI are equal."""

    _name = "asset"

    def _key(self):
        return (self.__dict__.get("name"), self.__dict__.get("uri"))

    def __eq__(self, other):
        return isinstance(other, Asset) and self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    def __repr__(self):
        return "Asset(name={!r}, uri={!r})".format(*self._key())


class AssetEvent(Record):
    """An event of an asset, with its `extra`, its `timestamp` and the task that caused it (`source_task_id`)."""

    _name = "asset event"

    def __repr__(self):
        return f"AssetEvent({self.__dict__})"


def reference(asset):
    """Return the name and the URI by which the worker finds an asset.

    Args:
        asset: an `Asset`, an asset of Airflow's own class, or a name or URI as text.
    """
    if isinstance(asset, str):
        return {"name": asset, "uri": asset}
    return {"name": getattr(asset, "name", None), "uri": getattr(asset, "uri", None)}


def _names(asset):
    return {value for value in reference(asset).values() if value}


class _ByAsset:
    """Look up events by an asset, its name or its URI."""

    def for_asset(self, name=None, uri=None):
        """Look up by the name or the URI of an asset."""
        return self[Asset({"name": name, "uri": uri})]

    def for_asset_alias(self, name):
        """Look up by the name of an alias."""
        return self[Asset({"name": name, "uri": None})]


_extras = []
"""Every `Extra` that the function has looked up."""


class Extra(dict):
    """The `extra` of an outlet's event. Each change is sent to the worker."""

    def __init__(self, asset):
        dict.__init__(self)
        self._asset = asset
        _extras.append(self)

    def __reduce__(self):
        return dict, (dict(self),)


def send_nested():
    """Send each `extra` with a list or dictionary in it again: such a value may have changed since it was set."""
    for extra in _extras:
        if any(isinstance(value, (list, dict)) for value in extra.values()):
            extra.update()


def _sending(name):
    method = getattr(dict, name)

    def change(self, *args, **kwargs):
        result = method(self, *args, **kwargs)
        services.outlet_event(self._asset, extra=dict(self))
        return result

    change.__name__, change.__doc__ = name, method.__doc__
    return change


for _name in ("__delitem__", "__ior__", "__setitem__", "clear", "pop", "popitem", "setdefault", "update"):
    if hasattr(dict, _name):  # `__ior__` is new in Python 3.9
        setattr(Extra, _name, _sending(_name))


class OutletEvent:
    """Event that Airflow records for an outlet when the task succeeds."""

    def __init__(self, asset):
        self._asset = reference(asset)
        self._extra = Extra(self._asset)

    @property
    def extra(self):
        """The event's extra data, a dictionary."""
        return self._extra

    @extra.setter
    def extra(self, value):
        values = dict(value)  # a copy, because `extra |= ...` assigns the same object
        dict.clear(self._extra)
        self._extra.update(values)

    def add(self, asset, extra=None):
        """Add an event of an asset to this alias.

        Args:
            asset: the asset, as `reference` takes it.
            extra: the extra data of the asset's event, a dictionary or None.
        """
        services.outlet_event(self._asset, add=reference(asset), add_extra=extra or {})


class OutletEvents(_ByAsset, Mapping):
    """`outlet_events` of the context: the events of the outlets, by asset.

    Iteration and length cover only the outlets that the function has looked up.
    """

    def __init__(self):
        self._events = []

    def __getitem__(self, asset):
        names = _names(asset)
        for known, event in self._events:
            if _names(known) & names:
                return event
        self._events.append((Asset(reference(asset)), OutletEvent(asset)))
        return self._events[-1][1]

    def __iter__(self):
        return iter([asset for asset, _ in self._events])

    def __len__(self):
        return len(self._events)


class InletEvents(_ByAsset, Mapping):
    """`inlet_events` of the context: past events of the inlets, by asset or by the inlet's index."""

    def __init__(self, inlets):
        self._inlets = inlets

    def __getitem__(self, asset):
        return services.inlet_events(reference(self._inlets[asset] if isinstance(asset, int) else asset))

    def __iter__(self):
        return iter(self._inlets)

    def __len__(self):
        return len(self._inlets)


class TriggeringEvents(_ByAsset, Mapping):
    """Events that triggered the run, by asset."""

    def __init__(self, pairs):
        self._pairs = pairs

    def __getitem__(self, asset):
        names = _names(asset)
        for key, events in self._pairs:
            if names & _names(key):
                return events
        raise KeyError(asset)

    def __iter__(self):
        return iter([key for key, _ in self._pairs])

    def __len__(self):
        return len(self._pairs)
