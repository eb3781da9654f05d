"""Run a task in a fork of a process that has imported what it needs: the worker's side of `child/zygote.py`.

Warm processes are found by their sockets, in a folder that only their user can enter. Whatever goes wrong before the
task has been sent, it runs in a new process instead, and one line of its log says why. Every wait has an end.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import resource
import secrets
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_venv.child.process_tree import MARK
from airflow_venv.worker.launch import Launched, pidfd
from airflow_venv.worker.warm_identity import LIMITS, identity, read_system, start_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_venv.call import Call, Warm
    from airflow_venv.worker.warm_identity import Identity

__all__ = ["LOST", "UNKNOWN", "folder", "launch", "running", "stop_all"]

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
"""Seconds between a child's end and the word of its parent about it, which may be importing."""
_ANSWER_WAIT = 2.0
"""Seconds that a warm process is given to answer a command."""
_RETRY = 600.0
"""Seconds after which a module is tried again that need not have been the reason."""
_AGE = 86400.0
"""Seconds after which a warm process is replaced."""
_PACKET = 1 << 17
_READY = b"\nready\n"
"""What a warm process prints last when it listens; files of its environment may print before."""
_ZYGOTE = str(Path(__file__).parents[1] / "child/zygote.py")
_SIGNALS = sorted(map(int, signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ, signal.SIGKILL, signal.SIGSTOP}))
"""Signals that a process may ignore; Python itself ignores two."""
_POD = "AIRFLOW_IS_K8S_EXECUTOR_POD"
"""Set where a pod runs one task: nothing to share."""


class _ColdError(Exception):
    """The task cannot run warm; the message is the reason."""


class _AgainError(Exception):
    """This warm process has just ended; another one may do."""


class ForkedProcess:
    """A child of a warm process, as far as Popen's methods are needed."""

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
        """Wait for the process's end, and a moment more for how it ended."""
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
            status = json.loads(self._connection.recv(_PACKET) or b"{}").get("status")
        except (OSError, ValueError):
            return UNKNOWN
        if not isinstance(status, int):
            return UNKNOWN
        return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def folder() -> Path:
    """Return the folder of this user's sockets."""
    return Path(tempfile.gettempdir()) / f"airflow-venv-{os.getuid()}"


def launch(call: Call, variables: dict[str, str], say: Callable[[str], None]) -> Launched | None:
    """Fork the child from a warm process; None if it is to be started, for a reason that is logged."""
    if call.warm is None or call.debugpy or call.terminal or sys.platform != "linux" or os.environ.get(_POD):
        return None
    try:
        return _launch(call, call.warm, variables)
    except _ColdError as error:
        reason = str(error)
    except _AgainError as error:
        reason = f"the warm process has ended: {error}"
    except (OSError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
    say(f"Not warm, in a process of its own: {reason}")
    return None


def _launch(call: Call, warm: Warm, variables: dict[str, str]) -> Launched:
    own = start_variables(variables, warm.variables)
    _make_folder()
    known = identity(call.environment, own, warm.memory, shim=call.airflow_shim)
    refusals = _refusals(known)
    for name in warm.modules:
        if name in refusals:
            raise _ColdError(f"importing {_written(name)}: {refusals[name]}")
    for last in (False, True):
        connection = _connect(known) or _start(call, warm, known, own)
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
            raise _ColdError(f"the forked process cannot be reached: {error}") from error
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
            answer = json.loads(connection.recv(_PACKET) or b"{}")
            importing = answer.get("importing", importing)
            if "pid" in answer:
                return int(answer["pid"])
            if "refused" in answer:
                raise _refusal(known, **answer)
            if not answer and importing:
                _remember_refusal(known, importing, "it ended the warm process", _RETRY)
                raise _ColdError(f"importing {_written(importing)} ended the warm process")
            if not answer:
                raise _AgainError("it closed the connection")
    except (TimeoutError, socket.timeout) as error:  # two classes before Python 3.10
        if not importing and _imports(known):
            raise _ColdError(f"the warm process has imported modules for another task for {WAIT:.0f} s") from error
        _kill(connection)
        if importing:
            _remember_refusal(known, importing, f"it took longer than {WAIT:.0f} s", _RETRY)
        doing = f"importing {_written(importing)}" if importing else "the warm process"
        raise _ColdError(f"{doing} took longer than {WAIT:.0f} s") from error
    except (BrokenPipeError, ConnectionResetError) as error:
        raise _AgainError(str(error)) from error


def _refusal(known: Identity, refused: str, module: str, *, again: bool) -> Exception:
    """Return the exception for the answer of a warm process that does not fork; remember a module that prevents it."""
    if again:
        return _AgainError(refused)
    if not module:
        return _ColdError(f"the warm process cannot fork: {refused}")
    _remember_refusal(known, module, refused)
    return _ColdError(f"importing {_written(module)}: {refused}")


def _imports(known: Identity) -> bool:
    """Return whether a warm process has begun an import within the time that it is given for one."""
    try:
        return time.time() - (folder() / f"{known.name}.json").stat().st_mtime < WAIT
    except OSError:
        return False


def _open_process(pid: int) -> int:
    descriptor = pidfd(pid)
    if descriptor is None:
        raise _ColdError("this system has no descriptors of processes, or the forked process has ended")
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


def _make_folder() -> None:
    path = folder()
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise _ColdError(f"{path} must be a folder of this user that nobody else can enter (mode 0700)")


def _connect_to(path: Path) -> socket.socket | None:
    """Connect to a warm process; None if none listens there."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(WAIT)
    try:
        parent = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
        try:
            connection.connect(f"/proc/self/fd/{parent}/{path.name}")  # a socket's path may have 107 bytes
        finally:
            os.close(parent)
        _check_peer(connection)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    except BaseException as error:
        connection.close()
        if isinstance(error, OSError) and error.errno == errno.EAGAIN:
            raise _ColdError("the warm process is busy") from error
        raise
    return connection


def _connect(known: Identity) -> socket.socket | None:
    path = folder() / f"{known.name}.sock"
    connection = _connect_to(path)
    if connection is not None:
        with contextlib.suppress(OSError):
            os.utime(path)
    return connection


def _peer(connection: socket.socket) -> tuple[int, int, int]:
    pid, uid, gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return pid, uid, gid


def _check_peer(connection: socket.socket) -> None:
    if _peer(connection)[1] != os.getuid():
        raise _ColdError("another user listens on the warm process's socket")


def _kill(connection: socket.socket) -> None:
    """End a warm process that does not answer."""
    descriptor = pidfd(_peer(connection)[0])
    if descriptor is not None:
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        os.close(descriptor)


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """Keep other workers from starting warm processes meanwhile."""
    descriptor = os.open(folder() / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + _START_WAIT
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise _ColdError("another worker is starting warm processes and does not end") from None
                time.sleep(0.005)
        yield
    finally:
        os.close(descriptor)


def _start(call: Call, warm: Warm, known: Identity, variables: dict[str, str]) -> socket.socket:
    """Start a warm process, unless another worker has done so meanwhile; return a connection to it."""
    with _locked():
        connection = _connect(known)
        if connection is not None:
            return connection
        _make_room(warm, known, call.environment.python)
        path = folder() / f"{known.name}.sock"
        _write(path.with_suffix(".json"), {"python": call.environment.python, "environment": known.environment})
        try:
            _run_zygote(call, warm, path, variables)
        except BaseException:
            _remove_files(path)
            raise
        connection = _connect(known)
    if connection is None:
        raise _ColdError("the warm process ended at once")
    return connection


def _run_zygote(call: Call, warm: Warm, path: Path, variables: dict[str, str]) -> None:
    """Run a zygote until it listens at a path. If that fails, or this process ends meanwhile, the zygote ends, too."""
    held, lifeline = os.pipe()
    settings = {
        "socket": str(path),
        "about": str(path.with_suffix(".json")),
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
            with contextlib.suppress(subprocess.TimeoutExpired):  # what hangs in the kernel ends when it returns
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
            raise _ColdError(f"the warm process did not start in {_START_WAIT:.0f} s")
        data = os.read(starting.stdout.fileno(), _PACKET)
        if not data:
            raise _ColdError("the warm process ended while it was started")
        printed = (printed + data)[-len(_READY) :]


def _make_room(warm: Warm, known: Identity, python: str) -> None:
    """Stop warm processes of this environment's former content, and the least recently used ones above the limit."""
    others = []
    for path in _sockets():
        about = _read(path.with_suffix(".json"))
        if about.get("python") == python and about.get("environment") != known.environment:
            _stop(path)
        elif _listens(path):
            others.append(path)
    for path in others[: max(0, len(others) - warm.limit + 1)]:
        _stop(path)


def _listens(path: Path) -> bool:
    """Return whether a process listens at a socket; remove the socket otherwise."""
    try:
        connection = _connect_to(path)
    except _ColdError:  # it is busy
        return True
    if connection is None:
        _remove_files(path)
        return False
    connection.close()
    return True


def _sockets() -> list[Path]:
    """List sockets, the least recently used first."""
    times = []
    for path in folder().glob("*.sock"):
        with contextlib.suppress(OSError):
            times.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(times)]


def _ask(path: Path, what: str) -> dict[str, Any] | None:
    """Send a request to a warm process; None if it has ended. The wait is short, since it may be importing."""
    connection = _connect_to(path)
    if connection is None:
        _remove_files(path)
        return None
    with connection:
        connection.settimeout(_ANSWER_WAIT)
        try:
            connection.send(json.dumps({"do": what}).encode())
            answer: dict[str, Any] = json.loads(connection.recv(_PACKET) or b"{}")
        except OSError:
            if what == "stop":
                _kill(connection)
            return {"pid": _peer(connection)[0], "python": _read(path.with_suffix(".json")).get("python", "")}
    return answer


def _stop(path: Path) -> bool:
    stopped = _ask(path, "stop") is not None
    _remove_files(path)
    return stopped


def _remove_files(path: Path) -> None:
    for suffix in (".sock", ".json"):
        path.with_suffix(suffix).unlink(missing_ok=True)


def running() -> list[dict[str, Any]]:
    """Describe this user's warm processes; of one that is too busy to answer, the process id is None."""
    processes = []
    for path in _sockets():
        try:
            about = _ask(path, "state")
        except _ColdError:
            about = {"pid": None, "python": _read(path.with_suffix(".json")).get("python", "")}
        if about:
            processes.append(about)
    return processes


def stop_all() -> int:
    """Stop this user's warm processes, and forget what could not be imported in one; return how many there were."""
    count = 0
    for path in _sockets():
        with contextlib.suppress(_ColdError):  # too busy to be told; its user can repeat the command
            count += _stop(path)
    for path in folder().glob("*.cold"):
        path.unlink(missing_ok=True)
    return count


def _refusals(known: Identity) -> dict[str, str]:
    """Read what could not be imported in a warm process, with the reasons."""
    refusals = {}
    for name, (reason, since, seconds) in _read(folder() / f"{known.name}.cold").items():
        left = seconds and since + seconds - time.time()
        if left is None:
            refusals[name] = f"{reason} (until the environment changes)"
        elif left > 0:
            refusals[name] = f"{reason} (it is tried again in {left / 60:.0f} minutes)"
    return refusals


def _remember_refusal(known: Identity, name: str, reason: str, seconds: float | None = None) -> None:
    if name:
        path = folder() / f"{known.name}.cold"
        with contextlib.suppress(OSError):
            _write(path, {**_read(path), name: [reason, time.time(), seconds]})


def _written(name: str) -> str:
    """Write what is imported as `import` names it: `a.b` for `from a import b`."""
    return name.replace(":", ".")


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _write(path: Path, value: dict[str, Any]) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    temporary.write_text(json.dumps(value), encoding="utf-8")
    temporary.replace(path)
