"""Run an installer with output that suits a build's log.

The engine shows what a step writes piece by piece, and installers write lines in pieces: they are passed on as whole
lines. Paths of copies are replaced by those of the user's files. A long silence is explained.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Mapping, Sequence

__all__ = ["Output", "run", "without_passwords", "write"]

_SILENCE = 15.0
"""Seconds without output until a note explains it."""

_POSITION = re.compile(rb"`([^`\n]+)` at position (\d+)")
_LACKS = re.compile(rb"Git executable not found|Cannot find command 'git'|cannot run (ssh):")
"""How uv, pip and git say that a program is missing."""

_CREDENTIALS = re.compile(rb"(://)([^/\s@:'\"]*)(:?)([^/\s@'\"]*)@")
_PATIENCE = 0.2
"""Seconds to wait for more output after the process has ended; a program that it started may keep the pipe open."""


@dataclass(frozen=True)
class Output:
    """Settings for passing a program's output on."""

    names: Sequence[tuple[str, str]] = ()
    """Texts to replace, and what to write instead."""

    folder: Path | None = None
    """The folder of the files for which uv's byte positions are replaced by lines."""

    silence: str = ""
    """The note about a silent program; `{}` is the number of seconds. Empty: none."""

    lacks: set[str] = field(default_factory=set)
    """Gets the programs for git repositories that the installer has missed: `git`, `ssh`."""


def run(command: Sequence[str], environ: Mapping[str, str], folder: Path, output: Output | None) -> int:
    """Run a program to its end, without input.

    Args:
        command: the program and its arguments.
        environ: its variables.
        folder: where it runs.
        output: how its output is passed on; None: it inherits our own output, which may be a terminal.

    Returns:
        Its exit code.
    """
    sys.stdout.flush()
    if output is None:
        return subprocess.call(command, env=environ, stdin=subprocess.DEVNULL, cwd=str(folder))
    process = subprocess.Popen(
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=str(folder),
    )
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    _pass_on(process, process.stdout.fileno(), output)
    process.stdout.close()
    return process.wait()


def _pass_on(process: subprocess.Popen[bytes], pipe: int, output: Output) -> None:
    rest = b""
    silent_since, silence = time.monotonic(), _SILENCE
    while True:
        ended = process.poll() is not None
        if select.select([pipe], [], [], _PATIENCE if ended else 1.0)[0]:
            piece = os.read(pipe, 65536)
            if not piece:
                break
            *lines, rest = (rest + piece).split(b"\n")
            write(b"".join(line + b"\n" for line in lines), output)
            silent_since, silence = time.monotonic(), _SILENCE
        elif ended:
            break
        elif output.silence and time.monotonic() - silent_since >= silence:
            write((output.silence.format(round(silence)) + "\n").encode(), output)
            silence *= 4
    write(rest + b"\n" if rest else b"", output)


def write(text: bytes, output: Output) -> None:
    """Pass on whole lines of a program."""
    text = without_passwords(text)
    output.lacks.update("ssh" if match[1] else "git" for match in _LACKS.finditer(text))
    for old, new in output.names:
        text = text.replace(os.fsencode(old), os.fsencode(new))
    if output.folder and b" at position " in text:
        text = _POSITION.sub(lambda match: _with_line(match, output.folder), text)
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


def without_passwords(text: bytes) -> bytes:
    """Hide the passwords of addresses: pip shows that of a direct one when it cannot be fetched."""
    return _CREDENTIALS.sub(_without_password, text)


def _without_password(match: re.Match[bytes]) -> bytes:
    """Hide the password of an address, or a token alone."""
    user = match[2] if match[3] or match[2] == b"git" else b"****"
    return b"%b%b%b@" % (match[1], user, b":****" if match[3] else b"")


def _with_line(match: re.Match[bytes], folder: Path | None) -> bytes:
    """Replace a position in a file by its line."""
    try:
        text = Path(folder or "", os.fsdecode(match[1])).read_bytes()
    except OSError:
        return match[0]
    rest = text[int(match[2]) :]
    line = 1 + text.count(b"\n", 0, int(match[2]) + len(rest) - len(rest.lstrip()))
    return b"`%b:%d`" % (match[1], line)
