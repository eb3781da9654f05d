"""Builds the values of Airflow's context out of what the worker sent."""

from collections.abc import MutableMapping

from . import context_objects, json_codec, services


def build(described):
    """Make the keyword arguments that come out of the context."""
    return {name: build_value(value) for name, value in described.items()}


def build_value(value):
    """Make one value."""
    return json_codec.decode(value, _tagged, {"datetime": moment})


def moment(stamp, zone):
    """Make an aware datetime; pendulum's where the environment has pendulum."""
    made = json_codec.read_datetime(stamp, zone)
    pendulum = _pendulum()
    return pendulum.instance(made, tz=zone or made.tzinfo) if pendulum else made


def _pendulum():
    try:
        import pendulum
    except ImportError:
        return None
    return pendulum if hasattr(pendulum, "instance") else None


def _tagged(tag):
    kind = tag[0]
    if kind in _RECORDS:
        return _RECORDS[kind](build(tag[1]))
    if kind in _SERVED:
        return _SERVED[kind](*tag[1:])
    from . import events

    return events.build(kind, tag[1:], build_value)


def _macros():
    from . import macros

    return macros


def _store(name):
    def make():
        from .state import Store

        return Store(name)

    return make


_RECORDS = {
    "connection": context_objects.Connection,
    "params": context_objects.Params,
    "ti": context_objects.TaskInstance,
    "dag_run": context_objects.DagRun,
    "dag": context_objects.Dag,
    "task": context_objects.Task,
}


class UnavailableValue:
    """Stands in a ``**context`` for what cannot reach an environment: any use of it says so."""

    def __init__(self, name, reason):
        self.__dict__["_message"] = f"{name!r} of Airflow's context does not reach an environment: {reason}"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(self._message)

    def _refuse(self, *_, **__):
        raise TypeError(self._message)

    __call__ = __getitem__ = __iter__ = __len__ = __bool__ = __str__ = _refuse

    def __repr__(self):
        return f"<{self._message}>"


def _forward(name):
    def method(self, *arguments):
        return getattr(self._value(), name)(*arguments)

    return method


class LazyValue:
    """A value of the context that is fetched when it is first looked at, as Airflow's own lazy values are."""

    __slots__ = ("_kept", "_name")

    def __init__(self, name):
        self._name = name

    def _value(self):
        if not hasattr(self, "_kept"):
            self._kept = services.context_value(self._name)
        return self._kept

    def __getattr__(self, name):
        if name in LazyValue.__slots__:
            raise AttributeError(name)
        return getattr(self._value(), name)

    def __bool__(self):
        return bool(self._value())

    __class__ = property(lambda self: type(self._value()))
    __hash__ = None
    __str__, __repr__, __eq__, __ne__ = map(_forward, ("__str__", "__repr__", "__eq__", "__ne__"))
    __lt__, __le__, __gt__, __ge__ = map(_forward, ("__lt__", "__le__", "__gt__", "__ge__"))
    __add__, __radd__, __sub__, __rsub__ = map(_forward, ("__add__", "__radd__", "__sub__", "__rsub__"))
    __getitem__, __iter__, __len__, __contains__ = map(_forward, ("__getitem__", "__iter__", "__len__", "__contains__"))
    __format__ = _forward("__format__")

    def __reduce_ex__(self, protocol):
        return self._value().__reduce_ex__(protocol)


_SERVED = {
    "conn": context_objects.Connections,
    "var": context_objects.Var,
    "macros": _macros,
    "task_state_store": _store("task_state_store"),
    "asset_state_store": _store("asset_state_store"),
    "lazy": LazyValue,
    "unavailable": UnavailableValue,
}


class Context(MutableMapping):
    """The context: each value is asked for once."""

    def __init__(self, names):
        self._names = dict.fromkeys(names)
        self._kept = {}

    def __getitem__(self, name):
        if name not in self._kept:
            if name not in self._names:
                raise KeyError(name)
            self._kept[name] = services.context_value(name)
        return self._kept[name]

    def __setitem__(self, name, value):
        self._names[name] = None
        self._kept[name] = value

    def __delitem__(self, name):
        del self._names[name]
        self._kept.pop(name, None)

    def __iter__(self):
        return iter(self._names)

    def __len__(self):
        return len(self._names)

    def __contains__(self, name):
        return name in self._names

    def __repr__(self):
        return "<context: {}>".format(", ".join(self._names))


_current = []


def current():
    """Give the one context of this process."""
    if not _current:
        _current.append(Context(services.context_value("")))
    return _current[0]
