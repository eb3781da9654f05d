"""Send arguments and receive the result: the table of serializers, and the operator's half of them.

The child's half is `child/transfer.py`; what it has to know of the table comes with the start frame.
"""

from __future__ import annotations

import importlib
import pickle
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from airflow_venv.child.data_serializers import dump_coded, load_coded
from airflow_venv.child.moved_modules import MovedModulesUnpickler, load_dill
from airflow_venv.child.unsendable import Nowhere, describe
from airflow_venv.errors import TransferError
from airflow_venv.worker.standard_values import pickler_class

if TYPE_CHECKING:
    from types import ModuleType

    from airflow_venv.call import Call
    from airflow_venv.child.stream import Feed, Sink

__all__ = [
    "SERIALIZERS",
    "Serializer",
    "SerializerName",
    "check_serializer",
    "dump_arguments",
    "load_result",
    "protocol_for",
]

SerializerName = Literal["pickle", "cloudpickle", "dill", "json", "arrow"]
"""For type checkers; the table below is what runs."""


@dataclass(frozen=True)
class Serializer:
    """One way for arguments and results to travel."""

    remedy: str
    """What to send in place of a value that it cannot send: the rest of a sentence that begins with a verb."""
    module: str | None = None
    """The package that pickles in the standard library's place; both sides need it."""
    data_only: bool = False
    """It makes nothing but data: no code of the child's can run in the worker."""


_PLAIN = "plain data (lists, dicts, strings, numbers)"
SERIALIZERS: dict[SerializerName | str, Serializer] = {
    "pickle": Serializer(f"{_PLAIN}, or choose serializer='cloudpickle' or 'dill'"),
    "cloudpickle": Serializer(_PLAIN, module="cloudpickle"),
    "dill": Serializer(_PLAIN, module="dill"),
    "json": Serializer("what JSON can express, dates included, or choose serializer='pickle'", data_only=True),
    "arrow": Serializer(
        "data frames, arrow tables or what JSON can express, or choose serializer='pickle'", data_only=True
    ),
}


class _MissingSerializerError(TransferError, ModuleNotFoundError):
    """The package that a serializer is named after is not installed beside Airflow."""


def check_serializer(name: str) -> None:
    """Check, before a process is started, that the package of a serializer is installed.

    It is required whatever the values are: whether a task can run must not depend on what it returns today.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    module = SERIALIZERS[name].module
    if module:
        _import(module)


def protocol_for(version: tuple[int, ...] | None) -> int:
    """Return the newest pickle protocol that both sides read: 5 from Python 3.8 on, else 4."""
    theirs = 5 if version and tuple(version[:2]) >= (3, 8) else 4
    return min(pickle.HIGHEST_PROTOCOL, theirs)


def dump_arguments(call: Call, sink: Sink) -> None:
    """Write the function's arguments to the stream. Raises TransferError for what cannot be sent."""
    value = (call.args, call.kwargs)
    try:
        _dump(call, value, sink)
    except (EOFError, TransferError):
        raise
    except Exception as error:
        if SERIALIZERS[call.serializer].data_only and isinstance(error, ImportError) and error.name:
            raise _missing(call.serializer, error.name) from error
        raise TransferError(_unsendable(call, error)) from error


def _dump(call: Call, value: object, sink: Any) -> None:
    if SERIALIZERS[call.serializer].data_only:
        dump_coded(value, sink, call.serializer)
    else:
        _pickler(call, sink, sink.buffer).dump(value)


def _pickler(call: Call, file: Any, buffer_callback: Any = None) -> Any:
    """Create the pickler of a call's serializer, whose output an environment without pendulum can read."""
    protocol = protocol_for(call.environment.version)
    module = SERIALIZERS[call.serializer].module
    kind = pickler_class(_import(module).Pickler if module else pickle.Pickler, call.environment)
    if module:
        return kind(file, protocol=protocol)
    return kind(file, protocol, buffer_callback=buffer_callback if protocol >= 5 else None)


def _unsendable(call: Call, error: Exception) -> str:
    """Name the argument that cannot be sent, and the part of it."""
    serializer = SERIALIZERS[call.serializer]
    names = (
        *map(repr, call.arg_names),
        *(f"number {place + 1}" for place in range(len(call.arg_names), len(call.args))),
    )
    for name, value in (*zip(names, call.args), *((repr(name), value) for name, value in call.kwargs.items())):
        try:
            _dump(call, value, Nowhere())
        except Exception as reason:  # noqa: BLE001, PERF203 - whatever a reducer raises
            culprit = describe(value, "it", reason, partial(_dump, call), serializer.data_only)
            return (
                f"The argument {name} cannot be sent to the environment with serializer={call.serializer!r}: "
                f"{culprit}. Pass {serializer.remedy}"
            )
    return f"The arguments cannot be sent with serializer={call.serializer!r}: {type(error).__name__}: {error}"


class _Unpickler(MovedModulesUnpickler):
    """Looks for classes of the child's `__main__`, which is the DAG file, in the worker's DAG module."""

    module = ""

    def find_class(self, module: str, name: str) -> Any:
        return super().find_class(self.module if module == "__main__" and self.module else module, name)


def load_result(call: Call, feed: Feed) -> Any:
    """Read the function's result from the stream. Raises TransferError for what this interpreter cannot read."""
    serializer = SERIALIZERS[call.serializer]
    if serializer.data_only:
        try:
            return load_coded(feed, call.serializer)
        except ImportError as error:
            if error.name:
                raise _missing(call.serializer, error.name) from error
            raise
    module = _import(serializer.module) if serializer.module else None
    try:
        if module is not None and call.serializer == "dill":
            return load_dill(module, feed)
        unpickler = _Unpickler(feed, buffers=feed)
        unpickler.module = call.module_name
        return unpickler.load()
    except (EOFError, TransferError):
        raise
    except (ImportError, AttributeError) as error:
        missing = getattr(error, "name", None) or "it"
        if missing.startswith("airflow_venv."):
            raise TransferError(
                "The function returned an object of Airflow's context, which is a copy that only the environment has. "
                "Return what is needed of it, such as ti.run_id or str(ds)"
            ) from error
        raise TransferError(
            f"The function returned a value that Airflow's own Python ({sys.executable}) cannot read: {error}. The "
            f"value's class must be importable there too: install {missing.partition('.')[0]} beside Airflow, return "
            "plain data, or, for data frames, use serializer='arrow'"
        ) from error


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise _missing(name, name) from error


def _missing(serializer: str, package: str) -> _MissingSerializerError:
    return _MissingSerializerError(
        f"Unable to import `{package}` module. With serializer={serializer!r} it must be installed beside Airflow too "
        f"({sys.executable})"
    )
