"""Manage the state folder: everything that is downloaded, built and started once per machine for all checkouts.

It is the folder of the variable `PYENV_STATE_DIR`, or `pyenv-frontend` in the user's cache folder. It can be deleted
after `make engine-down`.
"""

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "Unavailable", "folder", "lock", "run", "say"]

ROOT = Path(__file__).resolve().parents[1]
"""Root folder of the checkout that contains this file."""


class Unavailable(Exception):  # noqa: N818 - a fact about the machine, not an error of the program
    """Something that the end-to-end tests need is not available on this machine. The text says what to do."""


def folder(*parts: str) -> Path:
    """Return a folder in the state folder, and create it if necessary."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(os.environ.get("PYENV_STATE_DIR") or Path(cache) / "pyenv-frontend").joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


def say(text: str) -> None:
    """Print progress to standard error, because standard output is for results."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold the machine-wide lock `name`. Other processes wait, and print which process holds it."""
    path = folder("locks") / name
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            say(f"waiting for process {file.read().strip() or '?'}, which holds {path}")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def run(command: Sequence[object], *, env: Mapping[str, str] | None = None, **options: Any) -> str:
    """Run a command, and return its standard output.

    Args:
        command: the program and its arguments, which are converted to text.
        env: environment variables in addition to those of this process.
        options: further options of `subprocess.run`, such as `cwd`, `input` and `timeout` (in seconds).

    Raises:
        Unavailable: the command cannot be started, takes too long or fails. The text includes the end of its output.
    """
    started = time.monotonic()
    shown = " ".join(str(part) for part in command)
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: PLW1510 - the exit code is checked below
            [str(part) for part in command],
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            **{"stdin": subprocess.DEVNULL, **options} if "input" not in options else options,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise Unavailable(f"cannot run `{shown}`: {problem}") from problem
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-30:])
        raise Unavailable(f"`{shown}` failed ({done.returncode}) after {time.monotonic() - started:.1f} s:\n{tail}")
    return done.stdout
