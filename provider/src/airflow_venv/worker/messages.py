"""The frames that the operator sends, made from its own values, and the outcomes that it reads from frames.

`child/frames.py` defines the frames; `worker/channel.py` has checked the types of their fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_venv.call import Error, Exit, Fail, FileFunction, Skip, TypeName
from airflow_venv.child.frames import AnswerFrame, ErrorFrame, ExitFrame, SkipFrame, SourcePiece, StartFrame, is_plain
from airflow_venv.worker.channel import ProtocolError
from airflow_venv.worker.serializers import SERIALIZERS, protocol_for

if TYPE_CHECKING:
    from airflow_venv.call import Call, FunctionSource, Outcome
    from airflow_venv.child.frames import Frame

__all__ = ["Pickled", "error_frame", "read_outcome", "start_frame"]


def start_frame(call: Call, context: dict[str, Any], *, mark: str, token: str, log_level: int) -> StartFrame:
    """Make the first frame. Arguments that are plain are in it; others follow as a stream.

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


def read_outcome(frame: Frame, text: str) -> Outcome:
    """Turn the frame of an outcome other than a value into the outcome. Raises ProtocolError for any other frame."""
    if isinstance(frame, SkipFrame):
        return Skip(frame.message)
    if isinstance(frame, ExitFrame):
        return Exit(frame.code & 0xFF, frame.message)  # what the system leaves of an exit code
    if isinstance(frame, ErrorFrame) and frame.types:
        outcome = Error if frame.retry else Fail
        mro = tuple(TypeName.parse(str(name)) for name in frame.types)
        return outcome(
            type_name=str(mro[0]),
            message=frame.message,
            traceback=text,
            mro=mro,
            args=tuple(frame.args),
            attributes=frame.attributes,
        )
    raise ProtocolError(f"a frame {frame.kind!r} out of turn")
