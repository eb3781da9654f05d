"""Programs that run side by side, so that all of them can be stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["Processes", "ProcessesStoppedError"]


class ProcessesStoppedError(Exception):
    """The run is over: nothing more is started."""


class Processes:
    """Runs programs from several threads, until it is stopped."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[Any]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a program, without input and in a process group of its own, so that all of it can be stopped.

        Args:
            command: the program and its arguments.
            options: further arguments of `subprocess.Popen`.

        Raises:
            ProcessesStoppedError: `stop` was called.
        """
        with self._lock:
            if self._stopped:
                raise ProcessesStoppedError
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0, **options)
            self._running.add(process)
        return process

    @contextlib.contextmanager
    def watched(self, process: subprocess.Popen[Any]) -> Iterator[None]:
        """Wait for a started program at the end, and do not stop it any more."""
        try:
            yield
        finally:
            process.wait()
            with self._lock:
                self._running.discard(process)

    def run(self, command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a program to its end.

        Raises:
            ProcessesStoppedError: `stop` was called, before or meanwhile.
        """
        process = self.start(
            command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        with self.watched(process):
            output, errors = process.communicate()
        if self._stopped:
            raise ProcessesStoppedError
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def stop(self) -> None:
        """Stop what runs, and start nothing more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
