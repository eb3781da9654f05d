"""The frames of the channel as values: what the operator sends and what it reads, checked field by field.

What comes in was written by code of the user's environment, so a field of the wrong type is replaced or refused here,
and nothing behind this module sees a header. `child/frames.py` says how a frame is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_venv.call import Error, Exit, Fail, FileFunction, Skip
from airflow_venv.child.frames import is_plain
from airflow_venv.worker.channel import ProtocolError
from airflow_venv.worker.serializers import SERIALIZERS, protocol_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_venv.call import Call, FunctionSource, Outcome

__all__ = ["Answer", "LogRecord", "Pickled", "Request", "Start", "read_outcome"]

_LATEST = float(1 << 33)
"""Seconds since the epoch that a record may have been made at."""


@dataclass(frozen=True)
class Start:
    """The first frame: everything the child needs to know."""

    call: Call
    context: dict[str, Any]
    """Encoded values of Airflow's context, by name."""
    mark: str
    """Value of the variable that every descendant has in its environment."""
    token: str
    """What a mark in the printed output begins with."""
    log_level: int

    @property
    def holds_arguments(self) -> bool:
        """Whether the arguments are plain, so that they fit into the frame; else they follow as a stream."""
        call = self.call
        return not SERIALIZERS[call.serializer].data_only and is_plain([list(call.args), call.kwargs])

    def header(self) -> dict[str, Any]:
        """Return the frame's header."""
        call, serializer = self.call, SERIALIZERS[self.call.serializer]
        arguments = {"args": list(call.args), "kwargs": call.kwargs} if self.holds_arguments else {}
        return {
            "kind": "start",
            "mark": self.mark,
            "token": self.token,
            "log_level": self.log_level,
            "module": call.module_name,
            "string_args": list(call.string_args),
            "serializer": call.serializer,
            "serializer_module": serializer.module,
            "data_only": serializer.data_only,
            "remedy": serializer.remedy,
            "protocol": protocol_for(call.environment.version),
            "context": self.context,
            "shim": call.airflow_shim,
            **_function(call.function),
            **arguments,
        }


def _function(function: FunctionSource | FileFunction) -> dict[str, Any]:
    if isinstance(function, FileFunction):
        return {"path": function.path, "name": function.name}
    pieces = [
        {
            "source": piece.compilable(),
            "filename": piece.filename,
            "shown": piece.first_line,
            "future": list(piece.future),
        }
        for piece in function.pieces
    ]
    return {"name": function.name, "pieces": pieces}


@dataclass(frozen=True)
class LogRecord:
    """A logging record of the child."""

    name: str
    """The logger's."""
    level: int
    path: str
    line: int
    function: str
    created: float | None
    """Seconds since the epoch; None for an impossible time."""
    text: str
    number: int | None
    """What its mark in the printed output says; None where it has none."""

    @classmethod
    def read(cls, header: Mapping[str, Any], text: str) -> LogRecord:
        """Read a frame; a field of the wrong type gets a default."""
        created = header.get("created")
        return cls(
            name=str(header.get("name")),
            level=_integer(header.get("level"), 20),
            path=str(header.get("path")),
            line=_integer(header.get("line"), 0),
            function=str(header.get("function")),
            created=created if isinstance(created, float) and 0 < created < _LATEST else None,
            text=text,
            number=header["number"] if isinstance(header.get("number"), int) else None,
        )


def _integer(value: Any, default: int) -> int:
    return value if isinstance(value, int) else default


@dataclass(frozen=True)
class Request:
    """A question of the function's."""

    name: str
    arguments: dict[str, Any]
    """Encoded."""
    id: Any
    """Comes back in the answer."""

    @classmethod
    def read(cls, header: Mapping[str, Any]) -> Request:
        """Read a frame. Raises ProtocolError for what is no request."""
        name, arguments = header.get("request"), header.get("arguments")
        if not isinstance(name, str) or not isinstance(arguments, dict):
            raise ProtocolError("a request without a name or arguments")
        return cls(name, arguments, header.get("id"))


@dataclass(frozen=True)
class Pickled:
    """An answer that is no plain data: a pickle, for the environment alone to read."""

    data: bytes


@dataclass(frozen=True)
class Answer:
    """The answer to a request: plain data, a pickle for the environment alone to read, or an exception."""

    id: Any
    value: Any = None
    pickled: bytes = b""
    error: Exception | None = None

    def header(self) -> dict[str, Any]:
        """Return the frame's header; the payload is `pickled`."""
        header = {"kind": "answer", "id": self.id}
        if self.error is not None:
            return {**header, "error": str(self.error), "types": [kind.__name__ for kind in type(self.error).__mro__]}
        return header if self.pickled else {**header, "value": self.value}


def read_outcome(header: Mapping[str, Any], text: str) -> Outcome:
    """Read the frame of an outcome other than a value. Raises ProtocolError for any other frame."""
    kind, message = header["kind"], str(header.get("message", ""))
    if kind == "skip":
        return Skip(message)
    if kind == "exit":
        return Exit(_integer(header.get("code"), 1), message)
    if kind in {"fail", "error"}:
        outcome = Fail if kind == "fail" else Error
        return outcome(type_name=str(header.get("type")), message=message, traceback=text)
    raise ProtocolError(f"a frame of the unknown kind {kind[:40]!r}")
