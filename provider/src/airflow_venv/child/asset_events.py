"""Assets (called datasets before Airflow 3) and their events, as a function sees them."""

from collections.abc import Mapping

from . import services
from .context_objects import Record


class Asset(Record):
    """An asset: `name`, `uri`, `group`, `extra`; equal to another with the same name and uri."""

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
    """An event of an asset: `extra`, `timestamp`, where it came from."""

    _name = "asset event"

    def __repr__(self):
        return f"AssetEvent({self.__dict__})"


def reference(asset):
    """Describe an asset to the worker: one that came from it, one of Airflow's own, or a name or URI."""
    if isinstance(asset, str):
        return {"name": asset, "uri": asset}
    return {"name": getattr(asset, "name", None), "uri": getattr(asset, "uri", None)}


def _names(asset):
    return {value for value in reference(asset).values() if value}


class _ByAsset:
    """Looks up by an asset, its name or its URI."""

    def for_asset(self, name=None, uri=None):
        """Look up by name or URI."""
        return self[Asset({"name": name, "uri": uri})]

    def for_asset_alias(self, name):
        """Look up by the name of an alias."""
        return self[Asset({"name": name, "uri": None})]


class Extra(dict):
    """What an event carries; each change is sent to the worker."""

    def __init__(self, asset):
        dict.__init__(self)
        self._asset = asset

    def __reduce__(self):
        return dict, (dict(self),)


def _sending(name):
    method = getattr(dict, name)

    def change(self, *args, **kwargs):
        result = method(self, *args, **kwargs)
        services.outlet_event(self._asset, extra=dict(self))
        return result

    change.__name__, change.__doc__ = name, method.__doc__
    return change


for _name in ("__delitem__", "__ior__", "__setitem__", "clear", "pop", "popitem", "setdefault", "update"):
    if hasattr(dict, _name):  # `|=` came with Python 3.9
        setattr(Extra, _name, _sending(_name))


class OutletEvent:
    """The event that an outlet will have when the task succeeds."""

    def __init__(self, asset):
        self._asset = reference(asset)
        self._extra = Extra(self._asset)

    @property
    def extra(self):
        """What the event carries."""
        return self._extra

    @extra.setter
    def extra(self, value):
        values = dict(value)  # `extra |= ...` sets what it is already
        dict.clear(self._extra)
        self._extra.update(values)

    def add(self, asset, extra=None):
        """Add an asset to an alias."""
        services.outlet_event(self._asset, add=reference(asset), add_extra=extra or {})


class OutletEvents(_ByAsset, Mapping):
    """`outlet_events`: the events of the outlets, by asset; those that the function has asked for, when iterated."""

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
    """`inlet_events`: past events of the inlets, by asset or by the inlet's index."""

    def __init__(self, inlets):
        self._inlets = inlets

    def __getitem__(self, asset):
        return services.inlet_events(reference(self._inlets[asset] if isinstance(asset, int) else asset))

    def __iter__(self):
        return iter(self._inlets)

    def __len__(self):
        return len(self._inlets)


class TriggeringEvents(_ByAsset, Mapping):
    """The events that triggered the run, by asset."""

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
