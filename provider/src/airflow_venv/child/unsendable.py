"""Describe the part of a value that a serializer cannot send. Both the worker and the child use this module."""

import sys

from .outcome import message_of

_DEPTH = 4


class Nowhere:
    """A sink that keeps nothing."""

    def write(self, data):
        """Return the number of bytes."""
        return memoryview(data).nbytes

    def buffer(self, _pickled):
        """Accept an out-of-band buffer."""
        return False


def describe(value, name, error, dump, data_only):
    """Describe the smallest part of a value that cannot be sent: its place in the value, its type and its module.

    Args:
        value: the value.
        name: what the value is called.
        error: the exception that sending the value has raised.
        dump: a function that writes a value to a sink with the serializer in question.
        data_only: whether that serializer knows containers, but no attributes of objects.
    """
    place, part, error = _culprit(value, name, error, _Refusals(dump, data_only), 0)
    kind = type(part)
    reason = "it contains itself, or is nested too deep; " if isinstance(error, RecursionError) else ""
    reason += f"{type(error).__name__}: {message_of(error)}"
    return f"{place} is a {kind.__qualname__} of module {kind.__module__} ({reason})"


class _Refusals:
    """What a serializer says to single values."""

    def __init__(self, dump, data_only):
        self.dump = dump
        self.data_only = data_only

    def of(self, value):
        """Return the exception that sending a value raises, or None."""
        try:
            self.dump(value, Nowhere())
        except Exception as error:  # noqa: BLE001 - a reducer may raise anything
            return error
        return None

    def parts(self, value):
        """Return the parts that a value consists of for the serializer, with their places."""
        if not self.data_only and self.of(type(value)) is not None:
            return []
        if isinstance(value, dict):
            return [(f"[{key!r}]", part) for key, part in value.items()]
        if isinstance(value, (list, tuple)):
            return [(f"[{number}]", part) for number, part in enumerate(value)]
        if not self.data_only and hasattr(value, "__dict__") and not isinstance(value, _WITHOUT_PARTS):
            return [("." + key, part) for key, part in vars(value).items()]
        return []


_WITHOUT_PARTS = (type, type(sys), type(describe))


def _culprit(value, place, error, refusals, depth):
    """Find the smallest part of a value that cannot be sent, or the outermost part whose class cannot be sent."""
    if depth < _DEPTH and not isinstance(error, RecursionError):
        for name, part in refusals.parts(value):
            refusal = refusals.of(part)
            if refusal is not None:
                return _culprit(part, place + name, refusal, refusals, depth + 1)
    return place, value, error
