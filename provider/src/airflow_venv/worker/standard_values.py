"""Convert values that Airflow passes to a task into values of the standard library.

Proxies and lazy sequences are replaced before the arguments are sent (`to_standard`). Dates, durations and time zones
of pendulum, which Airflow puts into every date that goes through an XCom, are replaced while they are pickled
(`reducers`), wherever in a value they are. An environment need not have pendulum, or has another version of it.
"""

from __future__ import annotations

import copy
import copyreg
import datetime as dt
import io
import pickle
import sys
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_venv.environments.facts import Environment

__all__ = ["dumps", "pickler_class", "reducers", "to_standard"]

_ZONEINFO = (3, 9)
_PROTOCOL = 4
_A_DAY = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - for zones whose offset never changes


def to_standard(value: Any) -> Any:
    """Replace Airflow's lazy values: proxies by what they stand for, lazy sequences of XComs by lists.

    Containers are rebuilt only where something in them changed, so that the identity of big values is kept.
    """
    kind = type(value)
    if kind in (str, int, float, bool, bytes, type(None)):
        return value
    if hasattr(kind, "__factory__"):  # a lazy_object_proxy.Proxy; the compiled one gives no module
        return to_standard(value.__wrapped__)
    if kind.__module__.startswith("airflow."):
        return _from_airflow(value)
    return _rebuilt(value)


def _from_airflow(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: to_standard(value[key]) for key in value}
    if isinstance(value, (Sequence, Iterator)) and not isinstance(value, (str, bytes)):
        return [to_standard(item) for item in value]
    return value


def _rebuilt(value: Any) -> Any:
    """Return a container with its items replaced, or the same one if no item has changed."""
    if isinstance(value, dict):
        changed = {key: new for key, item in value.items() if (new := to_standard(item)) is not item}
        if changed:
            value = copy.copy(value)
            value.update(changed)
    elif isinstance(value, (list, tuple)):
        items = [to_standard(item) for item in value]
        if any(new is not item for new, item in zip(items, value)):
            return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def reducers(environment: Environment | None) -> dict[type, Callable[[Any], Any]]:
    """Return a dispatch table for a pickler: how dates and time zones are pickled for an environment.

    Args:
        environment: where the pickle is read; None where that is unknown.
    """
    zones = _Zones(environment)
    table: dict[type, Callable[[Any], Any]] = {zoneinfo.ZoneInfo: zones.reduce_zone}
    if not zones.by_name:
        table[dt.datetime] = zones.reduce_datetime  # only a date tells which offset its zone has
    pendulum = sys.modules.get("pendulum")
    if pendulum is None:
        return table
    table[pendulum.DateTime] = zones.reduce_datetime
    table[pendulum.Date] = lambda value: dt.date(value.year, value.month, value.day).__reduce_ex__(_PROTOCOL)
    table[pendulum.Time] = zones.reduce_time
    for name in ("Duration", "Interval", "Period"):
        if hasattr(pendulum, name):
            table[getattr(pendulum, name)] = lambda value: value.as_timedelta().__reduce_ex__(_PROTOCOL)
    for kind in vars(sys.modules["pendulum.tz.timezone"]).values():
        if isinstance(kind, type) and issubclass(kind, dt.tzinfo) and kind.__module__.startswith("pendulum."):
            table[kind] = zones.reduce_zone
    return table


def dumps(value: Any, protocol: int) -> bytes:
    """Pickle a value for an environment of which nothing is known."""
    file = io.BytesIO()
    pickler_class(pickle.Pickler, None)(file, protocol).dump(value)
    return file.getvalue()


def pickler_class(base: Any, environment: Environment | None) -> Any:
    """Derive a pickler that writes what an environment without pendulum reads.

    Args:
        base: `pickle.Pickler`, or that of a package; its C code reads the table when the pickler is made.
        environment: where the pickle is read; None where that is unknown.
    """
    table: Any = getattr(base, "dispatch_table", None)
    if not isinstance(table, Mapping):  # pickle.Pickler has a descriptor of that name
        table = copyreg.dispatch_table
    merged = {**table, **reducers(environment)}  # an exact dict is looked up by the C code itself
    return type("StandardPickler", (base,), {"dispatch_table": merged})


class _Zones:
    """Time zones as an environment can have them: by name where it knows the name, else by offset."""

    def __init__(self, environment: Environment | None) -> None:
        version = environment.version if environment else None
        self._tzdata = environment is not None and environment.has("tzdata")
        database = self._tzdata or any(Path(folder).is_dir() for folder in zoneinfo.TZPATH)
        self.by_name = version is not None and version >= _ZONEINFO and database
        """Whether the environment's Python knows zones by name."""

    def reduce_datetime(self, value: dt.datetime) -> Any:
        """Pickle a date with a time zone of the standard library."""
        zone = self._standard(value.tzinfo, value)
        if type(value) is not dt.datetime or zone is not value.tzinfo:
            clock = dt.time(value.hour, value.minute, value.second, value.microsecond, zone, fold=value.fold)
            value = dt.datetime.combine(dt.date(value.year, value.month, value.day), clock)
        return value.__reduce_ex__(_PROTOCOL)

    def reduce_time(self, value: dt.time) -> Any:
        """Pickle a time of the day."""
        zone = self._standard(value.tzinfo, _A_DAY)
        plain = dt.time(value.hour, value.minute, value.second, value.microsecond, zone, fold=value.fold)
        return plain.__reduce_ex__(_PROTOCOL)

    def reduce_zone(self, value: dt.tzinfo) -> Any:
        """Pickle a time zone that stands alone.

        Raises:
            TypeError: the environment's Python has no zone of that name, and no one offset stands for it.
        """
        name = _name(value)
        fixed = name is None or value.utcoffset(_A_DAY) == value.utcoffset(_A_DAY.replace(month=7))
        zone = self._standard(value, _A_DAY)
        if not fixed and isinstance(zone, dt.timezone):
            raise TypeError(
                f"the time zone {name} is not known in the environment: pass its name, or add tzdata to its "
                "requirements (Python 3.9 and newer)"
            )
        return zone.__reduce_ex__(_PROTOCOL)

    def _standard(self, zone: dt.tzinfo | None, moment: dt.datetime) -> dt.tzinfo | None:
        """Return a zone of the standard library that stands for the same at a moment."""
        if zone is None or not (type(zone).__module__.startswith("pendulum") or isinstance(zone, zoneinfo.ZoneInfo)):
            return zone
        name = _name(zone)
        if name is not None:
            if name.upper() in ("UTC", "ETC/UTC"):
                return dt.timezone.utc
            if self.by_name and self._knows(name):
                return zoneinfo.ZoneInfo(name)
        offset = zone.utcoffset(moment)
        return None if offset is None else dt.timezone(offset)

    def _knows(self, name: str) -> bool:
        """Return whether the environment finds the zone: in the system's files, which are ours too, or in tzdata."""
        if not self._tzdata and not any(Path(folder, name).is_file() for folder in zoneinfo.TZPATH):
            return False
        try:
            return bool(zoneinfo.ZoneInfo(name))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return False


def _name(zone: dt.tzinfo) -> str | None:
    """Return the name under which the zone is in the tz database; None for one that is an offset only."""
    name = getattr(zone, "key", None) or getattr(zone, "name", None)
    return name if isinstance(name, str) and name[:1].isalpha() else None
