"""Arguments out, result in: the operator's half of the serializers (the child's is ``child/transfer.py``)."""

from __future__ import annotations

import importlib
import pickle
import sys
from typing import TYPE_CHECKING, Any

from airflow_venv.child.data_serializers import dump_coded, load_coded

if TYPE_CHECKING:
    from types import ModuleType

    from airflow_venv.call import Call
    from airflow_venv.child.stream import Feed, Sink

__all__ = ["SERIALIZERS", "TransferError", "check_serializer", "dump_arguments", "load_result", "protocol_for"]

SERIALIZERS = ("pickle", "cloudpickle", "dill", "json", "arrow")
CODED = frozenset({"json", "arrow"})
"""Serializers that can only make data: nothing of the child's can run in the worker."""
PICKLERS = frozenset({"cloudpickle", "dill"})
"""Serializers that are packages of that name, which both sides need."""


class TransferError(Exception):
    """A value cannot go from one interpreter to the other; the message says which, why and what to do."""


class _MissingSerializerError(TransferError, ModuleNotFoundError):
    """The package that a serializer is named after is not installed beside Airflow."""


def check_serializer(name: str) -> None:
    """Make sure, before a process is started, that the package of a serializer is there.

    It is asked for whatever the values are: whether a task can run must not depend on what it returns today.

    Raises:
        ModuleNotFoundError: it is not.
    """
    if name in PICKLERS:
        _module(name)


def protocol_for(version: tuple[int, ...] | None) -> int:
    """Give the newest pickle protocol that both sides read: 5 from Python 3.8 on, 4 before, 4 when nobody knows."""
    theirs = 5 if version and tuple(version[:2]) >= (3, 8) else 4
    return min(pickle.HIGHEST_PROTOCOL, theirs)


def dump_arguments(call: Call, sink: Sink) -> None:
    """Write the function's arguments to the stream. Raises TransferError for what cannot be sent."""
    value = (call.args, call.kwargs)
    protocol = protocol_for(call.environment.version)
    try:
        if call.serializer in CODED:
            dump_coded(value, sink, call.serializer)
        elif call.serializer == "pickle":
            pickle.Pickler(sink, protocol, buffer_callback=sink.buffer if protocol >= 5 else None).dump(value)
        else:
            _module(call.serializer).dump(value, sink, protocol=protocol)
    except (EOFError, TransferError):
        raise
    except Exception as error:
        raise TransferError(_unsendable(call, error)) from error


def _unsendable(call: Call, error: Exception) -> str:
    """Say which argument cannot be sent."""
    named = [
        *((f"positional argument {place}", value) for place, value in enumerate(call.args, 1)),
        *call.kwargs.items(),
    ]
    for name, value in named:
        try:
            pickle.dumps(value)
        except Exception as reason:  # noqa: BLE001, PERF203 - whatever a reducer raises
            kind = type(value)
            return (
                f"The argument {name!r} cannot be sent to the environment with serializer={call.serializer!r}: it is a "
                f"{kind.__qualname__} of module {kind.__module__} ({type(reason).__name__}: {reason}). Pass plain data"
            )
    return f"The arguments cannot be sent with serializer={call.serializer!r}: {type(error).__name__}: {error}"


class _Unpickler(pickle.Unpickler):
    """Looks for classes of the child's ``__main__``, which is the DAG file, in the worker's DAG module."""

    module = ""

    def find_class(self, module: str, name: str) -> Any:
        return super().find_class(self.module if module == "__main__" and self.module else module, name)


def load_result(call: Call, feed: Feed) -> Any:
    """Read the function's result from the stream. Raises TransferError for what this interpreter cannot read."""
    if call.serializer in CODED:
        return load_coded(feed, call.serializer)
    module = None if call.serializer == "pickle" else _module(call.serializer)
    try:
        if module is not None and call.serializer == "dill":
            return module.load(feed)  # it has names that only its own unpickler knows
        unpickler = _Unpickler(feed, buffers=feed)
        unpickler.module = call.module_name
        return unpickler.load()
    except (EOFError, TransferError):
        raise
    except (ImportError, AttributeError) as error:
        missing = getattr(error, "name", None) or "it"
        raise TransferError(
            f"The function returned a value that Airflow's own Python ({sys.executable}) cannot read: {error}. The "
            f"value's class must be importable there too: install {missing.partition('.')[0]} beside Airflow, return "
            "plain data, or, for data frames, use serializer='arrow'"
        ) from error


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise _MissingSerializerError(
            f"Unable to import `{name}` module. With serializer={name!r} it must be installed beside Airflow too "
            f"({sys.executable})"
        ) from error
