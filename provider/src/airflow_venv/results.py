"""Convert the outcome of a run for Airflow: a value, a skip, or a failure with or without a retry.

The exception that ends a task looks like the function's own. The worker may not have the class that was raised, and
must not import it from anywhere. So a class of that name is made here. It derives from the real one where the worker
has that loaded, else from stand-ins for the bases that are missing, so that callbacks and retry rules find what they
look for; and from what the stock operators raise, for those that look for that.
"""

from __future__ import annotations

import builtins
import contextlib
import subprocess
import sys
import warnings
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Any

from airflow_venv._compat import AirflowException, AirflowFailException, AirflowSkipException
from airflow_venv.call import Crash, Error, Exit, Fail, Skip, TypeName, Value

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from airflow_venv.call import Call, Outcome

__all__ = ["FunctionError", "for_log", "value_of"]


class FunctionError(AirflowException, subprocess.CalledProcessError):
    """The function has raised an exception or exited with a code, or its process has ended."""

    # Defaults in the class, so that an attribute of the same name of the function's own exception does not hide ours.
    message = ""
    """The message of the function's exception, or a sentence about the end of its process."""
    traceback = ""
    """The traceback of the environment's Python. The operator logs it before it raises this exception."""
    returncode = 1
    cmd = output = stderr = None
    raised_types: Mapping[str, type] = {}
    """The class that the function raised and its bases, by dotted name, as far as they are exceptions."""

    def __init__(self, message: str, *, traceback: str = "", returncode: int = 1, python: str = "") -> None:
        Exception.__init__(self, message)
        self.message = message
        self.traceback = traceback
        self.returncode = returncode
        self.cmd = [python]

    def __str__(self) -> str:
        return self.message

    # The class that was raised is among the bases, and its __init__ has not run. Whatever it defines for the methods
    # below may therefore fail, and does so where nobody expects it: while Airflow logs the exception.

    __setattr__ = BaseException.__setattr__
    __delattr__ = BaseException.__delattr__
    __eq__ = BaseException.__eq__
    __hash__ = BaseException.__hash__

    def __repr__(self) -> str:
        try:
            return str(super().__repr__())
        except Exception:  # noqa: BLE001 - see above
            return f"{type(self).__name__}({self.message!r})"

    def __getattr__(self, name: str) -> Any:
        inherited = getattr(super(), "__getattr__", None)
        if inherited is not None:
            with contextlib.suppress(Exception):
                return inherited(name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        state = {"message": self.message, "traceback": self.traceback, "returncode": self.returncode, "cmd": self.cmd}
        return FunctionError, (self.message,), state


def value_of(outcome: Outcome, skip_codes: Container[int], call: Call) -> Any:
    """Return the function's value, or raise Airflow's exception for its outcome.

    Args:
        outcome: how the run ended.
        skip_codes: the exit codes that mean a skip. As in the stock operators, 0 may be one; then a return is a skip.
        call: what was run.

    Raises:
        AirflowSkipException: the function raised it, or left with one of `skip_codes`.
        AirflowFailException: the function raised it, so there are no retries.
        FunctionError: the function has not returned for any other reason.
    """
    python = call.environment.python
    if isinstance(outcome, Skip):
        raise AirflowSkipException(outcome.message)
    if isinstance(outcome, Fail):
        raise AirflowFailException(outcome.message) from _exception_of(outcome, call)
    code = _exit_code(outcome)
    if code is not None and code in skip_codes:
        raise AirflowSkipException(f"Process exited with code {code}. Skipping.")
    if isinstance(outcome, Value):
        return outcome.value
    if isinstance(outcome, Error):
        raise _exception_of(outcome, call)
    if isinstance(outcome, Crash):
        raise FunctionError(outcome.description, returncode=1 if code is None else code, python=python)
    if outcome.code == 0:
        return None
    text = f": {outcome.message}" if outcome.message else ""
    raise FunctionError(
        f"The function left with exit code {outcome.code}{text}", returncode=outcome.code, python=python
    )


def for_log(value: Any) -> Any:
    """Return the value, or words in the place of one that has no text: its task has succeeded all the same.

    A value that has a text is logged as it is, since Airflow hides secrets by the keys of dictionaries.
    """
    try:
        str(value)
    except AirflowException:  # of a signal handler
        raise
    except Exception as error:  # noqa: BLE001 - the value's own methods
        return f"<no text: its __str__ raised {type(error).__name__}>"
    return value


def _exit_code(outcome: Outcome) -> int | None:
    """Return the code that the process would have left with as a script; minus the signal's number if one ended it."""
    if isinstance(outcome, Value):
        return 0
    if isinstance(outcome, Exit):
        return outcome.code
    if isinstance(outcome, Crash):
        return -outcome.signal if outcome.signal is not None else outcome.exit_code
    return 1


class _AsRaised(type):
    """The metaclass of classes created here. Each equals the class that was raised, if the worker has that.

    A retry rule that wants exactly one class compares with `==`.
    """

    raised: type | None = None

    def __eq__(cls, other: object) -> bool:
        return cls is other or cls.raised is other or (isinstance(other, _AsRaised) and other.raised is cls)

    def __hash__(cls) -> int:
        return type.__hash__(cls) if cls.raised is None else hash(cls.raised)


_GROUP: Any = getattr(builtins, "BaseExceptionGroup", ())
"""Python's class of groups; none before Python 3.11."""
_CONTROL_FLOW = frozenset(
    {
        *("AirflowFailException", "AirflowRescheduleException", "AirflowSensorTimeout", "AirflowSkipException"),
        *("AirflowTaskTerminated", "DagRunTriggerException", "DownstreamTasksSkipped", "TaskDeferred"),
    }
)
"""Exceptions that control Airflow when operators raise them; from an environment they are plain failures."""


def _exception_of(outcome: Error, call: Call) -> FunctionError:
    """Create an exception that looks like the function's own and has the same classes."""
    raised_types, bases = _raised_types(outcome, call)
    parts = [_exception_of(part, call) for part in outcome.exceptions]  # once: groups may be deep
    error = _instance(outcome, call, bases, parts)
    error.raised_types = raised_types
    for attribute, value in outcome.attributes.items():
        if attribute not in error.__dict__ and not hasattr(FunctionError, attribute):
            error.__dict__[attribute] = value
    if isinstance(error, OSError):
        error.args = outcome.args[:2] or error.args  # the others are file names, which it has stored
    elif outcome.args or (outcome.mro and not outcome.message):
        error.args = outcome.args
    if parts:
        if not hasattr(error, "exceptions"):  # a Python without groups, or a class that cannot be created so
            error.__dict__["exceptions"] = tuple(parts)
        error.args = (*outcome.args[:1], parts)
    for cause in outcome.causes[:1]:
        error.__cause__ = _exception_of(cause, call)
    return error


def _raised_types(outcome: Error, call: Call) -> tuple[dict[str, type], tuple[type, ...]]:
    """Find or create the classes of an exception; return them by dotted name, and the bases for the new class."""
    bases: tuple[type, ...] = ()
    raised_types: dict[str, type] = {}
    for name in reversed(outcome.mro):
        kind = _worker_class(name, call.module_name)
        if kind is None and bases:
            kind = _stand_in(name, call.module_name, bases)
        if kind is not None and issubclass(kind, Exception):
            raised_types[_dotted(name, call.module_name)] = kind
            bases = (kind, *(base for base in bases if not issubclass(kind, base)))
    return raised_types, bases


def _instance(outcome: Error, call: Call, bases: tuple[type, ...], parts: list[FunctionError]) -> FunctionError:
    """Create an exception of all bases; without the first one, or any, if a layout or an `__init__` prevents that."""
    arguments: dict[str, Any] = {"traceback": outcome.traceback, "python": call.environment.python}
    name = outcome.mro[0] if outcome.mro else TypeName(__name__, outcome.type_name)
    for chosen in (bases, bases[1:], ()):
        special = tuple({type(base) for base in chosen} - {type, _AsRaised})
        try:
            metaclass = type("_AsRaised", (_AsRaised, *special), {}) if special else _AsRaised
            kind = metaclass(_last(name.qualname), (FunctionError, *chosen), _namespace(name, call.module_name))
            kind.raised = next(iter(chosen), None) if chosen is bases else None
            group = (*(outcome.args[:1] or [outcome.message]), parts)
            error = _new(kind, *(group if parts and issubclass(kind, _GROUP) else [outcome.message]))
            FunctionError.__init__(error, outcome.message, **arguments)
            if isinstance(error, OSError) and outcome.args:
                OSError.__init__(error, *outcome.args)
            if isinstance(error, SyntaxError):
                _complete_syntax_error(error, call)
        except Exception:  # noqa: BLE001, S112 - whatever a class of the user's does
            continue
        return error
    return FunctionError(outcome.message, **arguments)


def _new(kind: type, *args: Any) -> FunctionError:
    """Create an instance by the `__new__` of Python's own base, since the user's may require other arguments."""
    own = next(base for base in kind.__mro__ if isinstance(vars(base).get("__new__"), BuiltinFunctionType))
    error: FunctionError = vars(own)["__new__"](kind, *args)
    return error


def _complete_syntax_error(error: Any, call: Call) -> None:
    """Add which Python could not parse the source; of a SyntaxError, Python shows `msg` instead of `str()`."""
    version = call.environment.version_text
    error.message = f"{error.message}: Python {version} ({call.environment.python}) cannot read it".replace("  ", " ")
    error.msg = error.message


def _worker_class(name: TypeName, dag_module: str) -> type | None:
    """Return the worker's own class of that name, if it is loaded already and does not control Airflow."""
    module = {"__main__": dag_module, "exceptiongroup": "builtins"}.get(name.module, name.module)
    value: Any = sys.modules.get(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that this version of Airflow deprecates
        for part in name.qualname.split("."):
            value = getattr(value, part, None)
    return value if isinstance(value, type) and name.qualname not in _CONTROL_FLOW else None


def _stand_in(name: TypeName, dag_module: str, bases: tuple[type, ...]) -> type | None:
    """Create a class in place of one that the worker lacks; None if its bases cannot be combined."""
    try:
        return _AsRaised(_last(name.qualname), bases, _namespace(name, dag_module))
    except TypeError:
        return None


def _namespace(name: TypeName, dag_module: str) -> dict[str, Any]:
    module = dag_module if name.module == "__main__" else name.module
    return {"__module__": module, "__qualname__": name.qualname, "__doc__": f"{name}, raised in an environment."}


def _dotted(name: TypeName, dag_module: str) -> str:
    return f"{dag_module if name.module == '__main__' else name.module}.{name.qualname}"


def _last(qualname: str) -> str:
    return qualname.rpartition(".")[2]
