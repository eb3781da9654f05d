"""Waiting for what another process does."""

import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["alive", "wait_for"]


def wait_for[Value](
    condition: Callable[[], Value], seconds: float = 30, *, every: float = 0.05, describe: Callable[[], str] = str
) -> Value:
    """Wait until a condition holds; return its value.

    Args:
        condition: is asked again and again until its value is true.
        seconds: how long to wait.
        every: the seconds between two questions.
        describe: tells what is known when the time is up, for the message of the failure.

    Raises:
        AssertionError: it did not hold in time.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s {describe()}".rstrip()
        time.sleep(every)
    return value


def alive(pid: int | str) -> bool:
    """Tell whether a process runs; one that has ended and is not yet waited for does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
