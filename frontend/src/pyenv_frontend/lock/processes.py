"""The processes that a lock waits for, so that all of them can be stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Processes", "ProcessesStoppedError"]


class ProcessesStoppedError(Exception):
    """The run is over: nothing more is started."""


class Processes:
    """Runs programs from several threads, until it is stopped."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a program to its end.

        Raises:
            ProcessesStoppedError: `stop` was called, before or meanwhile.
        """
        with self._lock:
            if self._stopped:
                raise ProcessesStoppedError
            process = subprocess.Popen(  # its own process group, so that all of it can be stopped
                command,
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                process_group=0,
            )
            self._running.add(process)
        try:
            output, errors = process.communicate()
        finally:
            with self._lock:
                self._running.discard(process)
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
