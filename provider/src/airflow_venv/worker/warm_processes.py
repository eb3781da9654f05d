"""The warm processes of this user: their sockets, their files and a lock, in a folder that only the user can enter.

A warm process has a socket (`.sock`), a file about it (`.json`), and a file of modules that could not be imported in it
(`.cold`). Every wait has an end.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import secrets
import signal
import socket
import stat
import struct
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_venv.worker.launch import pidfd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_venv.worker.warm_identity import Identity

__all__ = [
    "PACKET",
    "ColdError",
    "about_path",
    "connect",
    "create_folder",
    "folder",
    "kill",
    "last_import",
    "locked",
    "make_room",
    "refusals",
    "remember_refusal",
    "remove",
    "running",
    "socket_path",
    "stop_all",
    "write_about",
]

PACKET = 1 << 17
"""Maximum size of a message in bytes."""
_ANSWER_WAIT = 2.0
"""Seconds that a warm process is given to answer a command."""


class ColdError(Exception):
    """The task cannot run warm; the message is the reason."""


def folder() -> Path:
    """Return the folder of this user's sockets."""
    return Path(tempfile.gettempdir()) / f"airflow-venv-{os.getuid()}"


def create_folder() -> None:
    """Create the folder if it does not exist.

    Raises:
        ColdError: others can enter it.
    """
    path = folder()
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise ColdError(f"{path} must be a folder of this user that nobody else can enter (mode 0700)")


@contextlib.contextmanager
def locked(seconds: float) -> Iterator[None]:
    """Keep other workers from starting warm processes meanwhile.

    Raises:
        ColdError: another worker has kept the lock for so many seconds.
    """
    descriptor = os.open(folder() / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ColdError("another worker is starting warm processes and does not end") from None
                time.sleep(0.005)
        yield
    finally:
        os.close(descriptor)


def socket_path(known: Identity) -> Path:
    """Return the path of a warm process's socket."""
    return folder() / f"{known.name}.sock"


def connect(known: Identity) -> socket.socket | None:
    """Connect to a warm process in order to use it; return None if it does not run."""
    path = socket_path(known)
    connection = _connect_to(path)
    if connection is not None:
        with contextlib.suppress(OSError):
            os.utime(path)
    return connection


def _connect_to(path: Path) -> socket.socket | None:
    """Connect to a socket; return None if no process listens there.

    Raises:
        ColdError: the process is busy, or another user's.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(_ANSWER_WAIT)
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
            raise ColdError("the warm process is busy") from error
        raise
    return connection


def _check_peer(connection: socket.socket) -> None:
    if _peer(connection)[1] != os.getuid():
        raise ColdError("another user listens on the warm process's socket")


def _peer(connection: socket.socket) -> tuple[int, int, int]:
    """Return the process, user and group at the other end of a connection."""
    pid, uid, gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return pid, uid, gid


def kill(connection: socket.socket) -> None:
    """End a warm process that does not answer."""
    descriptor = pidfd(_peer(connection)[0])
    if descriptor is not None:
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        os.close(descriptor)


def running() -> list[dict[str, Any]]:
    """Describe this user's warm processes; of one that is too busy to answer, the process id is None."""
    processes = []
    for path in _sockets():
        try:
            about = _ask(path, "state")
        except ColdError:
            about = {"pid": None, "python": _read_about(path).get("python", "")}
        if about:
            processes.append(about)
    return processes


def stop_all() -> int:
    """Stop this user's warm processes, and forget what could not be imported in one; return how many there were."""
    count = 0
    for path in _sockets():
        with contextlib.suppress(ColdError):  # it is too busy to answer; the user can repeat the command
            count += _stop(path)
    for path in folder().glob("*.cold"):
        path.unlink(missing_ok=True)
    return count


def make_room(known: Identity, python: str, limit: int) -> None:
    """Stop processes of an environment's former content, and the least recently used ones above the limit."""
    others = []
    for path in _sockets():
        about = _read_about(path)
        if about.get("python") == python and about.get("environment") != known.environment:
            _stop(path)
        elif _listens(path):
            others.append(path)
    for path in others[: max(0, len(others) - limit + 1)]:
        _stop(path)


def _sockets() -> list[Path]:
    """List sockets, the least recently used first."""
    times = []
    for path in folder().glob("*.sock"):
        with contextlib.suppress(OSError):
            times.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(times)]


def _listens(path: Path) -> bool:
    """Return whether a process listens at a socket; remove the socket otherwise."""
    try:
        connection = _connect_to(path)
    except ColdError:  # it is busy
        return True
    if connection is None:
        remove(path)
        return False
    connection.close()
    return True


def _ask(path: Path, what: str) -> dict[str, Any] | None:
    """Send a command to a warm process; return None if it has ended. The wait is short, since it may be importing."""
    connection = _connect_to(path)
    if connection is None:
        remove(path)
        return None
    with connection:
        connection.settimeout(_ANSWER_WAIT)
        try:
            connection.send(json.dumps({"do": what}).encode())
            answer: dict[str, Any] = json.loads(connection.recv(PACKET) or b"{}")
        except OSError:
            if what == "stop":
                kill(connection)
            return {"pid": _peer(connection)[0], "python": _read_about(path).get("python", "")}
    return answer


def _stop(path: Path) -> bool:
    """Stop the warm process at a socket; return whether there was one."""
    stopped = _ask(path, "stop") is not None
    remove(path)
    return stopped


def remove(path: Path) -> None:
    """Remove a socket, and the file about its process."""
    for file in (path, about_path(path)):
        file.unlink(missing_ok=True)


def write_about(path: Path, python: str, known: Identity) -> None:
    """Write the file about the process that will listen at a socket."""
    _write(about_path(path), {"python": python, "environment": known.environment})


def _read_about(path: Path) -> dict[str, Any]:
    return _read(about_path(path))


def about_path(path: Path) -> Path:
    """Return the path of the file about the process that listens at a socket."""
    return path.with_suffix(".json")


def last_import(known: Identity) -> float:
    """Return when a warm process began an import last, in seconds since the epoch; 0 if there is no such process."""
    try:
        return about_path(socket_path(known)).stat().st_mtime  # the process sets it
    except OSError:
        return 0.0


def refusals(known: Identity) -> dict[str, str]:
    """Read which modules could not be imported in a warm process, with the reasons."""
    reasons = {}
    for name, (reason, since, seconds) in _read(_refusals_path(known)).items():
        left = seconds and since + seconds - time.time()
        if left is None:
            reasons[name] = f"{reason} (until the environment changes)"
        elif left > 0:
            reasons[name] = f"{reason} (it is tried again in {left / 60:.0f} minutes)"
    return reasons


def remember_refusal(known: Identity, name: str, reason: str, seconds: float | None = None) -> None:
    """Record that a module cannot be imported, for so many seconds or until the environment changes."""
    path = _refusals_path(known)
    with contextlib.suppress(OSError):
        _write(path, {**_read(path), name: [reason, time.time(), seconds]})


def _refusals_path(known: Identity) -> Path:
    return socket_path(known).with_suffix(".cold")


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
