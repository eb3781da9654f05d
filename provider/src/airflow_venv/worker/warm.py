"""Run a task in a fork of a process that has imported what it needs: the worker's side of `child/zygote.py`.

If anything goes wrong before the task has been sent, it runs in a new process instead, and one line of its log says
why. Every wait has an end.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import secrets
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_venv.child.process_tree import MARK
from airflow_venv.worker import warm_processes
from airflow_venv.worker.launch import Launched, pidfd
from airflow_venv.worker.warm_identity import LIMITS, identity, read_system, start_variables
from airflow_venv.worker.warm_processes import PACKET, ColdError

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_venv.call import Call, Warm
    from airflow_venv.worker.warm_identity import Identity

__all__ = ["LOST", "UNKNOWN", "launch"]

UNKNOWN = 1 << 16
"""Stands for the exit code of a process whose parent ended before it."""
LOST = (
    "The process ended before its function had returned, and so did the warm process that it was forked from, which "
    "alone could tell how"
)
WAIT = 60.0
"""Seconds that a warm process is given to import one module, or to answer."""
_START_WAIT = 20.0
_STATUS_WAIT = 20.0
"""Seconds from a child's end to the message of its parent, which may be importing."""
_RETRY = 600.0
"""Seconds after which an import is tried again if the module may not have been the reason."""
_AGE = 86400.0
"""Seconds after which a warm process is replaced."""
_READY = b"\nready\n"
"""What a warm process prints last when it listens; files of its environment may print before."""
_ZYGOTE = str(Path(__file__).parents[1] / "child/zygote.py")
_SIGNALS = sorted(map(int, signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ, signal.SIGKILL, signal.SIGSTOP}))
"""Signals that a process may ignore; Python itself ignores two."""
_POD = "AIRFLOW_IS_K8S_EXECUTOR_POD"
"""A variable that is set in a pod for a single task, which has no other task to share a process with."""


class _AgainError(Exception):
    """This warm process has just ended; another one may fork the task."""


class ForkedProcess:
    """A child of a warm process, with those methods of Popen that are needed."""

    def __init__(self, pid: int, descriptor: int, connection: socket.socket) -> None:
        self.pid = pid
        self.returncode: int = UNKNOWN
        self._descriptor = descriptor
        self._connection = connection
        self._ended = False

    def poll(self) -> int | None:
        """Return the exit code if the process has ended."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the process's end, and then for its exit status."""
        if not self._ended:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLIN)
            if not poll.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired("the task's process", timeout or 0)
            self._ended = True
            self.returncode = self._read_status()
            self._connection.close()
        return self.returncode

    def _read_status(self) -> int:
        try:
            self._connection.settimeout(_STATUS_WAIT)
            status = json.loads(self._connection.recv(PACKET) or b"{}").get("status")
        except (OSError, ValueError):
            return UNKNOWN
        if not isinstance(status, int):
            return UNKNOWN
        return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def launch(call: Call, variables: dict[str, str], say: Callable[[str], None]) -> Launched | None:
    """Fork the child from a warm process. If it has to be started instead, log the reason and return None."""
    if call.warm is None or call.debugpy or call.terminal or sys.platform != "linux" or os.environ.get(_POD):
        return None
    try:
        return _launch(call, call.warm, variables)
    except ColdError as error:
        reason = str(error)
    except _AgainError as error:
        reason = f"the warm process has ended: {error}"
    except (OSError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
    say(f"Not warm, in a process of its own: {reason}")
    return None


def _launch(call: Call, warm: Warm, variables: dict[str, str]) -> Launched:
    own = start_variables(variables, warm.variables)
    warm_processes.create_folder()
    known = identity(call.environment, own, warm.memory, shim=call.airflow_shim)
    refusals = warm_processes.refusals(known)
    for name in warm.modules:
        if name in refusals:
            raise ColdError(f"importing {_written(name)}: {refusals[name]}")
    for last in (False, True):
        connection = warm_processes.connect(known) or _start(call, warm, known, own)
        try:
            return _fork(connection, warm, known, variables)
        except _AgainError:
            connection.close()
            if last:
                raise
        except BaseException:
            connection.close()
            raise
    raise AssertionError


def _fork(connection: socket.socket, warm: Warm, known: Identity, variables: dict[str, str]) -> Launched:
    """Request a fork for a task, and send it what a new process would inherit."""
    mark = secrets.token_hex(16)
    ours, theirs = socket.socketpair()
    read, write = os.pipe()
    held, lifeline = os.pipe()
    descriptor = None
    try:
        try:
            here = os.open(".", os.O_PATH | os.O_DIRECTORY)
            try:
                request = {"do": "fork", "modules": list(warm.modules)}
                pid = _request_fork(connection, request, (theirs.fileno(), write, held, here), known)
            finally:
                os.close(here)
        finally:
            theirs.close()
            os.close(write)
            os.close(held)
        descriptor = _open_process(pid)
        data = json.dumps({"variables": {**variables, MARK: mark}, **_setup()}).encode()
        ours.settimeout(WAIT)
        try:
            ours.sendall(len(data).to_bytes(8, "big") + data)
        except OSError as error:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            raise ColdError(f"the forked process cannot be reached: {error}") from error
    except BaseException:
        ours.close()
        os.close(read)
        os.close(lifeline)
        if descriptor is not None:
            os.close(descriptor)
        raise
    ours.settimeout(0)
    os.set_blocking(read, False)
    return Launched(ForkedProcess(pid, descriptor, connection), ours, read, descriptor, lifeline, mark)


def _request_fork(
    connection: socket.socket, request: dict[str, Any], descriptors: tuple[int, ...], known: Identity
) -> int:
    """Send a request; return the number of the forked process."""
    importing = ""
    connection.settimeout(WAIT)
    try:
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"{len(descriptors)}i", *descriptors))
        connection.sendmsg([json.dumps(request).encode()], [rights])
        while True:
            answer = json.loads(connection.recv(PACKET) or b"{}")
            importing = answer.get("importing", importing)
            if "pid" in answer:
                return int(answer["pid"])
            if "refused" in answer:
                raise _refusal(known, **answer)
            if not answer and importing:
                warm_processes.remember_refusal(known, importing, "it ended the warm process", _RETRY)
                raise ColdError(f"importing {_written(importing)} ended the warm process")
            if not answer:
                raise _AgainError("it closed the connection")
    except (TimeoutError, socket.timeout) as error:  # two classes before Python 3.10
        if not importing and time.time() - warm_processes.last_import(known) < WAIT:
            raise ColdError(f"the warm process has imported modules for another task for {WAIT:.0f} s") from error
        warm_processes.kill(connection)
        if importing:
            warm_processes.remember_refusal(known, importing, f"it took longer than {WAIT:.0f} s", _RETRY)
        doing = f"importing {_written(importing)}" if importing else "the warm process"
        raise ColdError(f"{doing} took longer than {WAIT:.0f} s") from error
    except (BrokenPipeError, ConnectionResetError) as error:
        raise _AgainError(str(error)) from error


def _refusal(known: Identity, refused: str, module: str, *, again: bool) -> Exception:
    """Return the exception for the answer of a warm process that does not fork; remember a module that prevents it."""
    if again:
        return _AgainError(refused)
    if not module:
        return ColdError(f"the warm process cannot fork: {refused}")
    warm_processes.remember_refusal(known, module, refused)
    return ColdError(f"importing {_written(module)}: {refused}")


def _open_process(pid: int) -> int:
    descriptor = pidfd(pid)
    if descriptor is None:
        raise ColdError("this system has no descriptors of processes, or the forked process has ended")
    return descriptor


def _setup() -> dict[str, Any]:
    """Describe what a process inherits from this one, apart from variables and descriptors."""
    ignored = [number for number in _SIGNALS if signal.getsignal(number) == signal.SIG_IGN]
    umask = re.search(r"^Umask:\s*([0-7]+)", read_system("/proc/self/status"), re.MULTILINE)
    return {
        "limits": [(number, resource.getrlimit(number)[0]) for number in LIMITS],
        "ignored": ignored,
        "blocked": list(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, []))),
        "umask": int(umask[1], 8) if umask else 0o22,
    }


def _start(call: Call, warm: Warm, known: Identity, variables: dict[str, str]) -> socket.socket:
    """Start a warm process, unless another worker has done so meanwhile; return a connection to it."""
    with warm_processes.locked(_START_WAIT):
        connection = warm_processes.connect(known)
        if connection is not None:
            return connection
        warm_processes.make_room(known, call.environment.python, warm.limit)
        path = warm_processes.socket_path(known)
        warm_processes.write_about(path, call.environment.python, known)
        try:
            _run_zygote(call, warm, path, variables)
        except BaseException:
            warm_processes.remove(path)
            raise
        connection = warm_processes.connect(known)
    if connection is None:
        raise ColdError("the warm process ended at once")
    return connection


def _run_zygote(call: Call, warm: Warm, path: Path, variables: dict[str, str]) -> None:
    """Run a zygote until it listens at a path. If that fails, or this process ends meanwhile, the zygote ends, too."""
    held, lifeline = os.pipe()
    settings = {
        "socket": str(path),
        "about": str(warm_processes.about_path(path)),
        "lifeline": held,
        "shim": call.airflow_shim,
        "idle": warm.idle,
        "memory": warm.memory,
        "age": _AGE,
    }
    starting = None
    try:
        starting = subprocess.Popen(
            [call.environment.python, _ZYGOTE, json.dumps(settings)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # streams that begin as files cannot become pipes
            pass_fds=(held,),
            env={**variables, MARK: "0" * 32},
        )
        _await_ready(starting)
    finally:
        os.close(held)
        os.close(lifeline)  # ends a zygote that does not listen yet
        if starting is not None:
            starting.kill()  # if it has not ended: the zygote is its child
            assert starting.stdout is not None  # noqa: S101 - it is a pipe
            starting.stdout.close()
            # A process that hangs in a system call ends when the call returns.
            with contextlib.suppress(subprocess.TimeoutExpired):
                starting.wait(_START_WAIT)


def _await_ready(starting: subprocess.Popen[bytes]) -> None:
    assert starting.stdout is not None  # noqa: S101 - it is a pipe
    poll = select.poll()
    poll.register(starting.stdout, select.POLLIN)
    deadline = time.monotonic() + _START_WAIT
    printed = b""
    while not printed.endswith(_READY):
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise ColdError(f"the warm process did not start in {_START_WAIT:.0f} s")
        data = os.read(starting.stdout.fileno(), PACKET)
        if not data:
            raise ColdError("the warm process ended while it was started")
        printed = (printed + data)[-len(_READY) :]


def _written(name: str) -> str:
    """Return a name as `import` has it: `a.b` for `from a import b`."""
    return name.replace(":", ".")
