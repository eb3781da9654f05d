"""The interface between an operator and the process that runs its function: frozen values without Airflow's classes.

The operator builds a `Call`; `supervisor.run(call, services, log)` runs it in one child process and returns an outcome
(one of the types at the end), which the operator converts for Airflow.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from airflow_venv.environments.facts import Environment
    from airflow_venv.piece import Piece

__all__ = [
    "Call",
    "Crash",
    "Error",
    "Exit",
    "Fail",
    "FileFunction",
    "FunctionSource",
    "Outcome",
    "Skip",
    "TypeName",
    "Value",
    "Warm",
    "signal_name",
]


@dataclass(frozen=True)
class FunctionSource:
    """A function cut out of a file. Pieces run in order in one namespace; the last one defines the function."""

    name: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class FileFunction:
    """A function named by file: the child imports the file; Airflow never does."""

    path: str
    """Absolute path of the Python file."""
    name: str


@dataclass(frozen=True)
class Warm:
    """The settings of a run in a fork of a process that has imported modules, and the limits of such processes."""

    modules: tuple[str, ...] = ()
    """What to import beforehand, where the environment has it."""
    variables: tuple[str, ...] = ()
    """More variables that this process is started with."""
    idle: float = 300.0
    """Seconds without a task after which it ends."""
    memory: int = 2 << 30
    """Number of bytes of memory above which it ends."""
    limit: int = 4
    """Maximum number of such processes; the least recently used one ends for a new one."""


@dataclass(frozen=True)
class Call:
    """Everything that the child needs to run a function once."""

    environment: Environment
    """The interpreter (`environment.python`) and what is known about it."""
    function: FunctionSource | FileFunction
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    """What the user passed, resolved (no proxies, no lazy sequences): values of the user's own types."""
    arg_names: tuple[str, ...] = ()
    """Names of the parameters that `args` fill, as far as they have names; for messages."""
    context_names: tuple[str, ...] = ()
    """Names of Airflow's context that the function's signature asks for and that nobody passed."""
    all_context: bool = False
    """Whether the function takes `**context`, which it gets as a whole, lazily."""
    string_args: tuple[str, ...] = ()
    """For the function's global `virtualenv_string_args`."""
    serializer: str = "pickle"
    """`pickle`, `cloudpickle`, `dill`, `json` or `arrow`: arguments and result."""
    env: dict[str, str] = field(default_factory=dict)
    """The whole environment of the child: inherited or not, the user's additions included."""
    airflow_shim: bool = False
    """Let `import airflow` in an environment without Airflow find stand-ins for the services."""
    export_connections: tuple[str, ...] = ()
    """Connection ids to be set as `AIRFLOW_CONN_*` in the child's environment."""
    warm: Warm | None = None
    """Whether to run it in a fork; None for a new process."""
    module_name: str = ""
    """Name of the DAG module in the worker, for values whose classes were defined in the DAG file."""
    terminal: str = ""
    """Path of the terminal that a debugger in the function talks to; empty for none."""
    debugpy: int = 0
    """The port at which the child waits for an editor to attach; 0 for none."""


@dataclass(frozen=True)
class Value:
    """The function returned."""

    value: Any


@dataclass(frozen=True)
class Skip:
    """The function asked to be skipped (AirflowSkipException)."""

    message: str = ""


@dataclass(frozen=True)
class TypeName:
    """The name of a class in the environment."""

    module: str
    qualname: str

    @classmethod
    def parse(cls, text: str) -> TypeName:
        """Read `module:qualified name`."""
        module, _, qualname = text.rpartition(":")
        return cls(module, qualname)

    def __str__(self) -> str:
        """Write the name in the usual way: builtins and what the DAG file defines without their module."""
        return self.qualname if self.module in ("", "builtins", "__main__") else f"{self.module}.{self.qualname}"


@dataclass(frozen=True)
class Error:
    """The function raised, or its value could not be sent. The task is retried if it has retries."""

    type_name: str
    """Qualified name of the exception's type (`pandas.errors.MergeError`); builtins without a module."""
    message: str
    traceback: str
    """Formatted in the child, the user's frames only, with causes; ends with `Type: message`."""
    mro: tuple[TypeName, ...] = ()
    """The exception's class and its bases; empty where it was not raised in the environment."""
    args: tuple[Any, ...] = ()
    """The exception's arguments, where they are plain data."""
    attributes: dict[str, Any] = field(default_factory=dict)
    """Those of its attributes that are plain data."""
    exceptions: tuple[Error, ...] = ()
    """The exceptions of a group, without tracebacks: those are in the group's."""
    causes: tuple[Error, ...] = ()
    """The exception that it was raised from, as the only item, also without a traceback."""


@dataclass(frozen=True)
class Fail(Error):  # noqa: N818 - an outcome, not an exception
    """Like Error, but the task fails without a retry (AirflowFailException)."""


@dataclass(frozen=True)
class Exit:
    """The function called `sys.exit` (SystemExit)."""

    code: int
    message: str = ""
    """The text given to `sys.exit`, where it was no number."""


_SIGNAL_HINTS: dict[int, str] = {
    signal.SIGKILL: "; most often the machine or the container ran out of memory",
    signal.SIGSEGV: "; a crash in compiled code, whose Python stack is in the log",
}


def signal_name(code: int) -> str:
    """Name the signal that a Popen's negative exit code stands for, with its number."""
    try:
        return f"{signal.Signals(-code).name} (signal {-code})"
    except ValueError:
        return f"signal {-code}"


@dataclass(frozen=True)
class Crash:
    """The process ended without an outcome."""

    description: str
    """A sentence: the signal's name, `os._exit(3)`, probably out of memory..."""
    signal: int | None = None
    exit_code: int | None = None

    @classmethod
    def with_code(cls, code: int) -> Crash:
        """Describe the end of a process by the exit code that Popen gives: minus the number of a signal."""
        if code >= 0:
            return cls(
                f"The process ended with exit code {code} before its function had returned (os._exit, or an "
                "interpreter that could not start: its output is in the log)",
                exit_code=code,
            )
        hint = _SIGNAL_HINTS.get(-code, "")
        return cls(f"The process was ended by {signal_name(code)} before its function had returned{hint}", signal=-code)


Outcome = Union[Value, Skip, Fail, Error, Exit, Crash]
