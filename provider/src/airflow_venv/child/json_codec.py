"""Encode plain data as JSON with tags for types. Both the worker and the child use this module.

JSON's own types represent themselves. Any other value is an object with the single key `$`, whose value is a list: the
name of the type, followed by the parts of the value. Every name stands for a known type, so decoding runs no code.
"""

import base64
import datetime
import decimal
import uuid

from .excerpt import excerpt

TAG = "$"


def encode(value, other=None):  # noqa: PLR0911 - one return for each shape
    """Convert a value to types that JSON has.

    Args:
        value: the value.
        other: a function that takes a value of an unknown type and returns its tag, or None if it does not know it.

    Raises:
        TypeError: the value contains a type that neither this module nor `other` knows.
    """
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if kind is list:
        return [encode(item, other) for item in value]
    if kind is dict:
        if all(type(key) is str for key in value) and TAG not in value:
            return {key: encode(item, other) for key, item in value.items()}
        return {TAG: ["dict", [[encode(key, other), encode(item, other)] for key, item in value.items()]]}
    writer = _WRITERS.get(kind)
    if writer:
        return {TAG: writer(value, other)}
    described = other(value) if other else None
    if described is not None:
        return {TAG: described}
    return _subclass(value, other)


def _subclass(value, other):
    """Encode an instance of a subclass of a known type, such as an enum of strings or a pendulum date."""
    for base in (str, bool, int, float):
        if isinstance(value, base):
            return base(value) if base is not str else str.__str__(value)
    for base, writer in _WRITERS.items():
        if isinstance(value, base):
            return {TAG: writer(value, other)}
    if isinstance(value, list):
        return encode(list(value), other)
    if isinstance(value, dict):
        return encode(dict(value), other)
    number = _numpy_number(value)
    if number is not None:
        return number
    raise _not_plain(value)


def _not_plain(value):
    return TypeError(f"{type(value).__qualname__} (of module {type(value).__module__}) is not plain data")


def _numpy_number(value):
    """Return a scalar of NumPy as a number of Python's; None for anything else, arrays and times included."""
    if type(value).__module__ != "numpy" or hasattr(value, "__len__"):
        return None
    if getattr(getattr(value, "dtype", None), "kind", None) not in ("b", "i", "u", "f"):
        return None
    number = value.item()
    return number if type(number) in (bool, int, float) else None


def _datetime(value, _other):
    if value != value:  # noqa: PLR0124 - `pandas.NaT`, whose fields are those of a day in the year 1
        raise _not_plain(value)
    zone = getattr(value.tzinfo, "key", None) or getattr(value.tzinfo, "name", None)
    stamp = datetime.datetime.isoformat(value)
    fold = [1] if value.fold else []  # the second of two equal hours, when a clock is set back
    return ["datetime", stamp, zone if isinstance(zone, str) else None, *fold]


def _timedelta(value):
    """Return days, seconds and microseconds. Subclasses such as pendulum's define these attributes differently."""
    return [vars(datetime.timedelta)[name].__get__(value) for name in ("days", "seconds", "microseconds")]


def _zone(value, _other):
    name = getattr(value, "key", None) or getattr(value, "name", None)
    offset = value.utcoffset(datetime.datetime(2000, 1, 1))  # noqa: DTZ001 - for zones whose offset never changes
    return ["zone", name if isinstance(name, str) else None, None if offset is None else offset.total_seconds()]


_WRITERS = {
    tuple: lambda value, other: ["tuple", [encode(item, other) for item in value]],
    set: lambda value, other: ["set", [encode(item, other) for item in value]],
    frozenset: lambda value, other: ["frozenset", [encode(item, other) for item in value]],
    bytes: lambda value, _: ["bytes", base64.b64encode(value).decode()],
    bytearray: lambda value, _: ["bytearray", base64.b64encode(value).decode()],
    datetime.datetime: _datetime,
    datetime.date: lambda value, _: ["date", datetime.date.isoformat(value)],
    datetime.time: lambda value, _: ["time", datetime.time.isoformat(value), *([1] if value.fold else [])],
    datetime.timedelta: lambda value, _: ["timedelta", *_timedelta(value)],
    decimal.Decimal: lambda value, _: ["decimal", str(value)],
    uuid.UUID: lambda value, _: ["uuid", str(value)],
    datetime.tzinfo: _zone,
}


def decode(value, other=None, readers=None):
    """Convert a result of `encode` back to the value.

    Args:
        value: the decoded JSON.
        other: a function that takes a tag of an unknown type and returns the value.
        readers: functions that make values of known types from the parts of a tag, by the name of the type. They take
            precedence over those of this module.

    Raises:
        ValueError: a tag is invalid or its type is unknown.
    """
    if isinstance(value, list):
        return [decode(item, other, readers) for item in value]
    if not isinstance(value, dict):
        return value
    if TAG not in value:
        return {key: decode(item, other, readers) for key, item in value.items()}
    tag = value[TAG]
    if not isinstance(tag, list) or not tag or len(value) != 1 or not isinstance(tag[0], str):
        raise ValueError(f"invalid tag: {excerpt(tag)}")
    reader = (readers or {}).get(tag[0]) or _READERS.get(tag[0])
    try:
        if reader:
            return reader(*[decode(item, other, readers) for item in tag[1:]])
        if other:
            return other(tag)
    except (TypeError, IndexError, ArithmeticError, AttributeError) as error:
        raise ValueError(f"invalid {tag[0]}: {error}") from error
    raise ValueError(f"unknown type: {excerpt(tag[0])}")


def read_datetime(stamp, zone, fold=0):
    """Return the datetime of an ISO 8601 text, in the named zone if the system knows it, otherwise with its offset.

    Where the system's rules of the zone give another offset, the moment is kept, not the time of day.
    """
    moment = datetime.datetime.fromisoformat(stamp).replace(fold=fold)
    zone = find_zone(zone) if zone and moment.tzinfo is not None else None
    if zone is None:
        return moment
    local = moment.replace(tzinfo=zone)  # `astimezone` loses `fold`, and hours that a zone leaves out
    return local if local.utcoffset() == moment.utcoffset() else moment.astimezone(zone)


def read_zone(name, offset):
    """Return the time zone of a name if the system knows it, otherwise a zone with a fixed offset.

    Args:
        name: the name of the time zone, or None.
        offset: the offset in seconds east of UTC, or None.

    Raises:
        ValueError: the name is unknown and there is no offset.
    """
    zone = find_zone(name) if name else None
    if zone is None and offset is None:
        raise ValueError(f"unknown time zone {name!r}")
    return datetime.timezone(datetime.timedelta(seconds=offset)) if zone is None else zone


def find_zone(name):
    """Return the time zone of a name, or None if the system does not know it."""
    if name.upper() == "UTC":
        return datetime.timezone.utc
    try:
        from zoneinfo import ZoneInfo

        return ZoneInfo(name)
    except (ImportError, LookupError, ValueError, OSError):
        return None


_READERS = {
    "dict": dict,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "bytes": base64.b64decode,
    "bytearray": lambda text: bytearray(base64.b64decode(text)),
    "datetime": read_datetime,
    "date": lambda text: datetime.date(*map(int, text.split("-"))),
    "time": lambda text, fold=0: datetime.time.fromisoformat(text).replace(fold=fold),
    "timedelta": datetime.timedelta,
    "decimal": decimal.Decimal,
    "uuid": uuid.UUID,
    "zone": read_zone,
}
