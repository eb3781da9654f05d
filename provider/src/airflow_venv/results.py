"""From the outcome of a run to what Airflow understands: a value, a skip, or a failure with or without a retry.

The exception that ends a task looks like the function's own. The worker may not have the class that was raised, and
must not import it from anywhere. So a class of that name is made here; it derives from the real one where the worker
has that loaded, so that callbacks which look at `context["exception"]` find what they look for, and from what the
stock operators raise, for those that look for that.
"""

from __future__ import annotations

import builtins
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from airflow_venv._compat import AirflowException, AirflowFailException, AirflowSkipException
from airflow_venv.call import Crash, Error, Exit, Fail, Skip, Value

if TYPE_CHECKING:
    from collections.abc import Container

    from airflow_venv.call import Outcome

__all__ = ["FunctionError", "value_of"]


class FunctionError(AirflowException, subprocess.CalledProcessError):
    """The function raised, left with an exit code, or its process ended."""

    def __init__(self, message: str, *, traceback: str = "", returncode: int = 1, python: str = "") -> None:
        Exception.__init__(self, message)
        self.message = message
        self.traceback = traceback
        """As the environment's Python formatted it: the user's lines."""
        self.returncode = returncode
        self.cmd = [python]
        self.output = self.stderr = None

    def __str__(self) -> str:
        return f"{self.message}\n\n{self.traceback}" if self.traceback else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        state = {"message": self.message, "traceback": self.traceback, "returncode": self.returncode, "cmd": self.cmd}
        return FunctionError, (self.message,), state


def value_of(outcome: Outcome, skip_codes: Container[int], python: str) -> Any:
    """Return the function's value, or raise what its outcome means to Airflow.

    Args:
        outcome: how the run ended.
        skip_codes: the exit codes that mean a skip. As in the stock operators 0 may be one, and then every end is.
        python: the interpreter, for the messages.

    Raises:
        AirflowSkipException: the function raised it, or left with one of `skip_codes`.
        AirflowFailException: the function raised it: no further try.
        FunctionError: anything else that is no value.
    """
    if isinstance(outcome, Skip):
        raise AirflowSkipException(outcome.message)
    if isinstance(outcome, Fail):
        raise AirflowFailException(outcome.message) from _exception_of(outcome, python)
    code = _exit_code(outcome)
    if code is not None and code in skip_codes:
        raise AirflowSkipException(f"Process exited with code {code}. Skipping.")
    if isinstance(outcome, Value):
        return outcome.value
    if isinstance(outcome, Error):
        raise _exception_of(outcome, python)
    if isinstance(outcome, Crash):
        raise FunctionError(outcome.description, returncode=1 if code is None else code, python=python)
    if outcome.code == 0:
        return None
    text = f": {outcome.message}" if outcome.message else ""
    raise FunctionError(
        f"The function left with exit code {outcome.code}{text}", returncode=outcome.code, python=python
    )


def _exit_code(outcome: Outcome) -> int | None:
    """Return the code that the process would have left with as a script; minus the signal's number if one ended it."""
    if isinstance(outcome, Value):
        return 0
    if isinstance(outcome, Exit):
        return outcome.code
    if isinstance(outcome, Crash):
        return -outcome.signal if outcome.signal is not None else outcome.exit_code
    return 1


def _exception_of(outcome: Error, python: str) -> FunctionError:
    """Make the exception that looks like the function's own."""
    module, _, name = outcome.type_name.rpartition(".")
    original = getattr(sys.modules.get(module), name, None) if module else getattr(builtins, name, None)
    namespace = {"__module__": module or "builtins", "__doc__": f"{outcome.type_name}, raised in an environment."}
    options: dict[str, Any] = {"traceback": outcome.traceback, "python": python}
    if isinstance(original, type) and issubclass(original, Exception) and module.partition(".")[0] != "airflow":
        try:
            derived: type[FunctionError] = type(name, (FunctionError, original), namespace)
            return derived(outcome.message, **options)
        except Exception:  # noqa: BLE001, S110 - a class whose layout or __init__ forbids it: its name must do
            pass
    plain: type[FunctionError] = type(name, (FunctionError,), namespace)
    return plain(outcome.message, **options)
