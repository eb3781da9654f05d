"""The state folder: what is fetched, built and started once per machine and shared by all checkouts.

`PYENV_STATE_DIR` names it; otherwise it is `pyenv-frontend` in the user's cache folder. Everything in it can be
thrown away: `make engine-down` first, then delete the folder.
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
"""The checkout that this file lies in."""


class Unavailable(Exception):  # noqa: N818 - a fact about the machine, not a mistake of the program
    """Something that the end-to-end tests need cannot be had on this machine; the text says what to do."""


def folder(*parts: str) -> Path:
    """Return a folder below the state folder, and make it."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(os.environ.get("PYENV_STATE_DIR") or Path(cache) / "pyenv-frontend").joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


def say(text: str) -> None:
    """Tell the person who waits what happens now (stderr: stdout is for results)."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold the machine-wide lock `name`; a second process waits, and says for whom."""
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
    """Run a command, return what it printed on stdout.

    Args:
        command: program and arguments, turned into text.
        env: variables to add to this process's own.
        options: passed on to `subprocess.run` (`cwd`, `input`, `timeout` in seconds).

    Raises:
        Unavailable: it cannot be started or failed; the text carries the end of its output.
    """
    started = time.monotonic()
    shown = " ".join(str(part) for part in command)
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: PLW1510 - the exit code is looked at below
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
