"""What became of a child: read from its last frame, from its exit code, or from what went wrong on the way."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from airflow_venv.call import Crash, Error, Exit, Fail, Skip
from airflow_venv.worker.channel import ProtocolError
from airflow_venv.worker.serializers import TransferError

if TYPE_CHECKING:
    from airflow_venv.call import Outcome
    from airflow_venv.worker.channel import Header

__all__ = ["crash", "failure", "signal_name", "told"]


def told(header: Header, text: str) -> Outcome:
    """Turn the frame of an outcome into the outcome."""
    kind, message = header["kind"], str(header.get("message", ""))
    if kind == "skip":
        return Skip(message)
    if kind == "exit":
        code = header.get("code")
        return Exit(code if isinstance(code, int) else 1, message)
    if kind in {"fail", "error"}:
        outcome = Fail if kind == "fail" else Error
        return outcome(type_name=str(header.get("type")), message=message, traceback=text)
    raise ProtocolError(f"a frame of the unknown kind {kind[:40]!r}")


def failure(error: Exception) -> Error:
    """Tell what went wrong between the two processes."""
    name, message = type(error).__name__, str(error)
    if isinstance(error, ProtocolError):
        message = f"The process in the environment broke the protocol and was ended: {message}"
    elif not isinstance(error, TransferError):
        name, message = "TransferError", f"The function's result cannot be read: {name}: {message}"
    return Error(type_name=name, message=message, traceback=f"{name}: {message}")


def signal_name(code: int) -> str:
    """Name the signal that an exit code of a Popen stands for, with its number."""
    try:
        return f"{signal.Signals(-code).name} (signal {-code})"
    except ValueError:
        return f"signal {-code}"


def crash(code: int) -> Crash:
    """Say how a process ended that told nothing."""
    if code >= 0:
        return Crash(
            f"The process ended with exit code {code} before its function had returned (os._exit, or an interpreter "
            "that could not start: its output is in the log)",
            exit_code=code,
        )
    hints: dict[int, str] = {
        signal.SIGKILL: "; most often the machine or the container ran out of memory",
        signal.SIGSEGV: "; a crash in compiled code, whose Python stack is in the log",
    }
    hint = hints.get(-code, "")
    return Crash(f"The process was ended by {signal_name(code)} before its function had returned{hint}", signal=-code)
