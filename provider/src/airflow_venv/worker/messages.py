"""Create the frames that the operator sends from its values, and read outcomes from the child's frames.

`child/frames.py` defines the frames; `worker/channel.py` has checked the types of their fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from airflow_venv.call import Error, Exit, Fail, FileFunction, Skip, TypeName
from airflow_venv.child.excerpt import whole
from airflow_venv.child.frames import (
    GROUP_LIMIT,
    GROUP_MESSAGE_LIMIT,
    MESSAGE_LIMIT,
    TRACEBACK_LIMIT,
    AnswerFrame,
    ErrorFrame,
    ExitFrame,
    SkipFrame,
    SourcePiece,
    StartFrame,
    is_plain,
)
from airflow_venv.worker.channel import ProtocolError
from airflow_venv.worker.serializers import SERIALIZERS, protocol_for

if TYPE_CHECKING:
    from airflow_venv.call import Call, FunctionSource, Outcome
    from airflow_venv.child.frames import Frame

__all__ = ["Masker", "NoSecrets", "Pickled", "error_frame", "mask_cut", "read_outcome", "secret_length", "start_frame"]

LEAST_SECRET_LENGTH = 1 << 13
"""Bytes of a secret that no cut may halve, even if Airflow learns of it later."""


class Masker(Protocol):
    """Hides the secrets that Airflow knows."""

    def redact(self, text: str) -> str:
        """Return the text without them."""

    def longest_secret(self) -> int:
        """Return the number of bytes of the longest."""


class NoSecrets:
    """A masker that knows no secrets."""

    def redact(self, text: str) -> str:
        """Return the text."""
        return text

    def longest_secret(self) -> int:
        """Return 0."""
        return 0


def secret_length(masker: Masker) -> int:
    """Return how many bytes on both sides of a cut may belong to one secret."""
    return max(LEAST_SECRET_LENGTH, masker.longest_secret())


def start_frame(call: Call, context: dict[str, Any], *, mark: str, token: str, log_level: int) -> StartFrame:
    """Create the first frame. It contains plain arguments; others follow as a stream.

    Args:
        call: the function, its arguments and settings.
        context: encoded values of Airflow's context, by name.
        mark: value of the environment variable that all descendants carry.
        token: what the marks of log records in the output begin with.
        log_level: the level of the task's log.
    """
    serializer = SERIALIZERS[call.serializer]
    plain = not serializer.data_only and is_plain([list(call.args), call.kwargs])
    function = call.function
    return StartFrame(
        mark=mark,
        token=token,
        log_level=log_level,
        module=call.module_name,
        string_args=list(call.string_args),
        serializer=call.serializer,
        serializer_module=serializer.module or "",
        data_only=serializer.data_only,
        remedy=serializer.remedy,
        protocol=protocol_for(call.environment.version),
        context=context,
        shim=call.airflow_shim,
        name=function.name,
        pieces=[] if isinstance(function, FileFunction) else _pieces(function),
        path=function.path if isinstance(function, FileFunction) else "",
        arguments=[list(call.args), call.kwargs] if plain else None,
        terminal=call.terminal,
        debugpy=call.debugpy,
    )


def _pieces(function: FunctionSource) -> list[dict[str, Any]]:
    return [
        vars(
            SourcePiece(
                source=piece.compilable(),
                filename=piece.filename,
                first_line=piece.first_line,
                future=list(piece.future),
            )
        )
        for piece in function.pieces
    ]


@dataclass(frozen=True)
class Pickled:
    """An answer that is not plain data: a pickle, which only the environment reads."""

    data: bytes


def error_frame(request_id: int, error: Exception) -> AnswerFrame:
    """Answer a request with the exception that Airflow raised."""
    return AnswerFrame(id=request_id, error=str(error), types=[kind.__name__ for kind in type(error).__mro__])


def mask_cut(text: str, limit: int, masker: Masker, *, at_start: bool = False) -> str:
    """Hide secrets in a text that may have been cut, where half of one would not be recognised.

    Args:
        text: the text.
        limit: the number of characters at which it was cut.
        masker: hides the secrets that Airflow knows.
        at_start: whether the start was cut off, not the end; then the result begins with a whole line.
    """
    if len(text) < limit:
        return text  # hidden when it is logged
    hidden, length = masker.redact(text), secret_length(masker)
    return "(cut) ...\n" + hidden[length:].partition("\n")[2] if at_start else hidden[:-length] + "... (cut)"


def read_outcome(frame: Frame, text: str, masker: Masker) -> Outcome:
    """Turn the frame of an outcome other than a value into the outcome. Raises ProtocolError for any other frame."""
    if isinstance(frame, (SkipFrame, ExitFrame, ErrorFrame)):
        message = mask_cut(frame.message, MESSAGE_LIMIT, masker)
    if isinstance(frame, SkipFrame):
        return Skip(message)
    if isinstance(frame, ExitFrame):
        return Exit(frame.code & 0xFF, message)  # what the system leaves of an exit code
    if isinstance(frame, ErrorFrame) and frame.types:
        outcome = Error if frame.retry else Fail
        mro = tuple(TypeName.parse(_printable(name)) for name in frame.types)
        room = [None] * (2 * GROUP_LIMIT + 1)  # each group, and the whole, may end with one that counts the rest
        return outcome(
            type_name=str(mro[0]),
            message=message,
            traceback=mask_cut(text, TRACEBACK_LIMIT, masker, at_start=True),
            mro=mro,
            args=tuple(frame.args),
            attributes=frame.attributes,
            exceptions=_others(frame.exceptions, masker, room),
            causes=_others(frame.causes, masker, room),
        )
    raise ProtocolError(f"a frame {frame.kind!r} out of turn")


def _others(described: list[Any], masker: Masker, room: list[None]) -> tuple[Error, ...]:
    """Read the exceptions of a group, or causes; at most as many as `room` has items. Raises ProtocolError."""
    errors = []
    for fields in described:
        if not room:
            raise ProtocolError("too many exceptions")
        room.pop()
        try:
            mro = tuple(TypeName.parse(_printable(name)) for name in fields["types"])
            error = Error(
                type_name=str(mro[0]),
                message=mask_cut(str(fields["message"]), GROUP_MESSAGE_LIMIT, masker),
                traceback="",
                mro=mro,
                args=tuple(fields.get("args", ())),
                exceptions=_others(fields.get("exceptions", ()), masker, room),
                causes=_others(fields.get("causes", ()), masker, room),
            )
        except (LookupError, TypeError, AttributeError) as problem:
            raise ProtocolError("an invalid exception of a group, or cause") from problem
        errors.append(error)
    return tuple(errors)


def _printable(name: Any) -> str:
    """Return a name that Python accepts for a class: without NULs and lone surrogates."""
    return "".join(character if character.isprintable() else "?" for character in whole(name))
