"""The exception that ends a task whose function failed: it looks like the function's own.

The worker may not have the class that was raised, and must not import it from anywhere. So a class of that name is
made here; it derives from the real one where the worker already has that loaded, so that callbacks which look at
``context["exception"]`` find what they look for, and from what the stock operators raise, for those that look for that.
"""

from __future__ import annotations

import builtins
import subprocess
import sys
from typing import Any

from airflow_venv._compat import AirflowException

__all__ = ["FunctionError", "failure"]


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


def failure(type_name: str, message: str, *, traceback: str, python: str) -> FunctionError:
    """Make the exception for a function that raised.

    Args:
        type_name: the raised class by its qualified name, builtins without a module.
        message: what its ``str()`` gave.
        traceback: the formatted traceback.
        python: the interpreter that it was raised in.
    """
    module, _, name = type_name.rpartition(".")
    original = getattr(sys.modules.get(module), name, None) if module else getattr(builtins, name, None)
    space = {"__module__": module or "builtins", "__doc__": f"{type_name}, raised in an environment."}
    options: dict[str, Any] = {"traceback": traceback, "python": python}
    if isinstance(original, type) and issubclass(original, Exception) and module.partition(".")[0] != "airflow":
        try:
            both: type[FunctionError] = type(name, (FunctionError, original), space)
            return both(message, **options)
        except Exception:  # noqa: BLE001, S110 - a class with demands of its own: its name must do
            pass
    alone: type[FunctionError] = type(name, (FunctionError,), space)
    return alone(message, **options)
