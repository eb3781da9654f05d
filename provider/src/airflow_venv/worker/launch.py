"""Start the child, with what connects it to the worker, and end it."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from airflow_venv.child import process_tree
from airflow_venv.child.process_tree import MARK

if TYPE_CHECKING:
    from airflow_venv.call import Call

__all__ = ["Launched", "Process", "launch", "pidfd"]

GRACE = 3.0
"""Seconds between SIGTERM and SIGKILL."""
RUNNER = str(Path(__file__).parents[1] / "child/runner.py")


class Process(Protocol):
    """The child: a Popen, or a fork of a process that is not ours."""

    pid: int
    returncode: int

    def poll(self) -> int | None:
        """Return the exit code if it has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""


@dataclass(frozen=True)
class Launched:
    """A child that has just been started, and the worker's ends of what connects the two."""

    process: Process
    sock: socket.socket
    """The channel; non-blocking."""
    pipe: int
    """Read end of the pipe that the child prints to; non-blocking."""
    pidfd: int | None
    """Readable when the child has ended; None where the system has no pidfds."""
    lifeline: int
    """Write end of a pipe that stays empty: the child notices its end."""
    mark: str
    """Value of the environment variable that all descendants carry."""

    def end(self) -> None:
        """End the child and its descendants: SIGTERM first, then SIGKILL."""
        try:
            process_tree.end(self._alive(), signal.SIGTERM)
            deadline = time.monotonic() + GRACE
            while time.monotonic() < deadline and self._alive():
                time.sleep(0.01)
        finally:
            if self.process.poll() is None:  # the child first, since it might start others
                process_tree.end([self.process.pid])
            process_tree.sweep(self._alive(), self.mark)
            with contextlib.suppress(subprocess.TimeoutExpired):  # what hangs in the kernel ends when it returns
                self.process.wait(GRACE)

    def _alive(self) -> list[int]:
        if self.process.poll() is not None:  # its ID may be another process's by now
            return [*process_tree.descendants(-1, self.mark)]
        return [self.process.pid, *process_tree.descendants(self.process.pid, self.mark)]

    def close(self) -> None:
        """Close our ends; a child that still runs ends itself then."""
        self.sock.close()
        os.close(self.pipe)
        os.close(self.lifeline)
        if self.pidfd is not None:
            os.close(self.pidfd)


def launch(call: Call, variables: dict[str, str]) -> Launched:
    """Start the environment's interpreter on the runner. Raises OSError if it cannot be started."""
    mark = secrets.token_hex(16)
    ours, theirs = socket.socketpair()
    read, write = os.pipe()
    held, lifeline = os.pipe()
    passed = (theirs.fileno(), held)
    try:
        popen = subprocess.Popen(
            [call.environment.python, RUNNER, *map(str, passed)],
            stdin=subprocess.DEVNULL,
            stdout=write,
            stderr=write,
            pass_fds=passed,
            env={**variables, MARK: mark},
        )
    except BaseException:
        ours.close()
        os.close(read)
        os.close(lifeline)
        raise
    finally:
        theirs.close()
        os.close(write)
        os.close(held)
    ours.settimeout(0)
    os.set_blocking(read, False)
    return Launched(popen, ours, read, pidfd(popen.pid), lifeline, mark)


def pidfd(pid: int) -> int | None:
    """Open a descriptor of a process; None where the system has none."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
