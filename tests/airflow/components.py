"""The processes of an Airflow installation: scheduler, API server, workers and so on."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.airflow.installations import Release

__all__ = ["start", "stop"]


def start(
    release: Release, words: Sequence[str], *, home: Path, variables: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    """Start `airflow` with the words of a command, in a process group of its own.

    Args:
        release: the installation.
        words: the command and its arguments.
        home: the folder that it runs in.
        variables: all its environment variables.
        log: the file for its output.
    """
    with log.open("wb") as output:
        return subprocess.Popen(
            [release.bin / "airflow", *words],
            env=variables,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def stop(*processes: subprocess.Popen[bytes], seconds: float = 20) -> None:
    """Stop processes in this order, with all that is in their groups; those that take longer are killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
