"""The install step of one environment as a local process: its command, its progress, its errors."""

from __future__ import annotations

import os
import pty
import re
import sys
import termios
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyenv_image
from pyenv_frontend.expansion import steps
from pyenv_frontend.processes import Processes, ProcessesStoppedError
from pyenv_image.step_options import to_arguments

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from pyenv_frontend.local.interpreters import LocalInterpreter
    from pyenv_frontend.local.jobs import Job

__all__ = ["InstallError", "LocalInstaller", "latest_progress", "plain"]

_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_REWRITTEN: Final = re.compile(r"^.*(?:\r|\x1b\[2?K)", re.MULTILINE)
"""The part of a terminal's line that was overwritten later."""

_PROGRESS: Final = (
    (re.compile(r"Resolving dependencies"), "resolving"),
    (re.compile(r"Preparing packages\.\.\. \((\d+)/(\d+)\)"), "downloading {}/{}"),
    (re.compile(r"[█░] \[(\d+)/(\d+)\]"), "installing {}/{}"),
    (re.compile(r"^ *Downloading (\S+)", re.MULTILINE), "downloading {}"),
    (re.compile(r"^Collecting (\S+)", re.MULTILINE), "resolving {}"),
    (re.compile(r"^Installing collected packages", re.MULTILINE), "installing"),
    (re.compile(r"^ *Building (\S+)", re.MULTILINE), "building {}"),
)
"""What uv and pip write, and the text that is shown for it."""

_CHATTER: Final = re.compile(
    r"^(Using (CPython|Python) .*|Creating virtual environment .*|Activate with: .*|error: PYENV .* stands above)\n?",
    re.MULTILINE,
)
"""Lines of a failed step that do not describe the failure, or repeat it."""

_SIZE: Final = (24, 160)
"""Lines and columns of the installer's terminal."""


class InstallError(Exception):
    """The step failed; `str()` is the installer's output."""


def latest_progress(output: str) -> str:
    """Return the latest progress that a piece of an installer's output reports, or an empty string."""
    matches = [(match.start(), text, match) for pattern, text in _PROGRESS for match in pattern.finditer(output)]
    if not matches:
        return ""
    _, text, match = max(matches, key=lambda entry: entry[0])
    return text.format(*(group for group in match.groups() if group is not None))


def plain(output: str) -> str:
    """Return terminal output without control sequences and overwritten text."""
    lines = _REWRITTEN.sub("", output.replace("\r\n", "\n"))
    return "\n".join(line.rstrip() for line in _CONTROL.sub("", lines).splitlines() if line.strip())


@dataclass(slots=True)
class LocalInstaller:
    """Runs install steps, and can stop all that are running."""

    uv: Path
    context: Path
    terminal: bool
    """Whether to show progress: uv counts its packages only when it writes to a terminal."""

    _processes: Processes = field(default_factory=Processes)

    def run(self, job: Job, interpreter: LocalInterpreter, place: Path, progress: Callable[[str], None]) -> str:
        """Create an environment in `place`; return the installer's output.

        Raises:
            InstallError: it cannot be made.
        """
        reading, writing = pty.openpty() if self.terminal else os.pipe()
        if self.terminal:
            termios.tcsetwinsize(writing, _SIZE)
        try:
            process = self._start(job, interpreter, place, writing)
        finally:
            os.close(writing)
        output = ""
        with self._processes.watched(process):
            for piece in _pieces(reading):
                output += piece
                progress(latest_progress(output[-len(piece) - _SIZE[1] :]))
        text = plain(output)
        if process.returncode:
            reason = _CHATTER.sub("", text).strip()
            raise InstallError(reason or f"the installer ended with exit code {process.returncode}")
        return text

    def stop(self) -> None:
        """Stop every running step, and start no more."""
        self._processes.stop()

    def _start(self, job: Job, interpreter: LocalInterpreter, place: Path, output: int) -> subprocess.Popen[bytes]:
        options = replace(
            steps.environment_options(job.pyenv, job.inputs),
            path=str(place),
            user=f"{os.getuid()}:{os.getgid()}",
            home=str(Path.home()),
            python=str(interpreter.python),
            uv=str(self.uv),
            context=str(self.context),
            heredoc=job.pyenv.heredoc_start,
            no_compile=True,
            local=True,
        )
        package = str(Path(pyenv_image.__file__).parent)
        command = [sys.executable, steps.FLAGS, package, "environment", *to_arguments(options)]
        environ = {**os.environ, "NO_COLOR": "1"}
        environ |= {} if self.terminal else {"UV_NO_PROGRESS": "1"}
        if job.pyenv.options.network == "none":
            environ |= {"UV_OFFLINE": "1", "PIP_NO_INDEX": "1"}
        try:
            return self._processes.start(command, env=environ, stdout=output, stderr=output)
        except ProcessesStoppedError:
            raise InstallError("interrupted") from None


def _pieces(reading: int) -> Iterator[str]:
    """Yield output as it arrives; a terminal whose other end is closed raises an error instead of ending."""
    with os.fdopen(reading, "rb", buffering=0) as stream:
        while True:
            try:
                piece = stream.read(65536)
            except OSError:
                return
            if not piece:
                return
            yield piece.decode("utf-8", "replace")
