"""Assets (called datasets before Airflow 3) and their events, as a function sees them."""

from collections.abc import Mapping

from . import services
from .context_objects import Record


class Asset(Record):
    """An asset: ``name``, ``uri``, ``group``, ``extra``; equal to another with the same name and uri."""

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
    """An event of an asset: ``extra``, ``timestamp``, where it came from."""

    _name = "asset event"

    def __repr__(self):
        return f"AssetEvent({self.__dict__})"


def reference(asset):
    """Describe an asset to the worker: one that came from it, one of Airflow's own, or a name or URI."""
    if isinstance(asset, str):
        return {"name": asset, "uri": asset}
    return {"name": getattr(asset, "name", None), "uri": getattr(asset, "uri", None)}


class _ByAsset:
    """Finds things by an asset, its name or its URI."""

    def for_asset(self, name=None, uri=None):
        """Find by name or URI."""
        return self[Asset({"name": name, "uri": uri})]

    def for_asset_alias(self, name):
        """Find by the name of an alias."""
        return self[Asset({"name": name, "uri": None})]


class Extra(dict):
    """What goes along with an event; the worker is told of each change."""

    def __init__(self, asset):
        dict.__init__(self)
        self._asset = asset

    def __setitem__(self, key, value):
        dict.__setitem__(self, key, value)
        services.outlet_event(self._asset, extra=dict(self))

    def update(self, *given, **named):
        """Change several keys."""
        dict.update(self, *given, **named)
        services.outlet_event(self._asset, extra=dict(self))


class OutletEvent:
    """The event that an outlet will have when the task has succeeded."""

    def __init__(self, asset):
        self._asset = reference(asset)
        self._extra = Extra(self._asset)

    @property
    def extra(self):
        """What goes along with the event."""
        return self._extra

    @extra.setter
    def extra(self, value):
        dict.clear(self._extra)
        self._extra.update(value)

    def add(self, asset, extra=None):
        """Have an alias stand for an asset."""
        services.outlet_event(self._asset, add=reference(asset), add_extra=extra or {})


class OutletEvents(_ByAsset):
    """``outlet_events``: the events of the outlets, by asset."""

    def __init__(self):
        self._events = []

    def __getitem__(self, asset):
        wanted = {value for value in reference(asset).values() if value}
        for names, event in self._events:
            if names & wanted:
                return event
        self._events.append((wanted, OutletEvent(asset)))
        return self._events[-1][1]


class InletEvents(_ByAsset):
    """``inlet_events``: past events of the inlets, by asset."""

    def __getitem__(self, asset):
        return services.inlet_events(reference(asset))


class TriggeringEvents(_ByAsset, Mapping):
    """The events that triggered the run, by asset."""

    def __init__(self, pairs):
        self._pairs = pairs

    def __getitem__(self, asset):
        wanted = {value for value in reference(asset).values() if value}
        for key, events in self._pairs:
            if wanted & {value for value in reference(key).values() if value}:
                return events
        raise KeyError(asset)

    def __iter__(self):
        return iter([key for key, _ in self._pairs])

    def __len__(self):
        return len(self._pairs)


def build(kind, parts, build_value):
    """Make the value that a tag of the worker describes."""
    if kind == "asset":
        return Asset({name: build_value(value) for name, value in parts[0].items()})
    if kind == "event":
        return AssetEvent({name: build_value(value) for name, value in parts[0].items()})
    if kind == "outlet_events":
        return OutletEvents()
    if kind == "inlet_events":
        return InletEvents()
    if kind == "triggering_events":
        return TriggeringEvents([(build_value(key), build_value(events)) for key, events in parts[0]])
    raise ValueError(f"an unknown type: {kind!r}")
