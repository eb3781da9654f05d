"""Waiting for other processes."""

import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["alive", "wait_for"]


def wait_for[Value](
    condition: Callable[[], Value], seconds: float = 30, *, every: float = 0.02, describe: Callable[[], str] = str
) -> Value:
    """Wait until a condition holds; return its value.

    Args:
        condition: the condition, which is called repeatedly until its value is true.
        seconds: the maximum time to wait.
        every: the seconds between two calls.
        describe: returns additional text for the error message.

    Raises:
        AssertionError: the condition did not hold in time.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s {describe()}".rstrip()
        time.sleep(every)
    return value


def alive(pid: int | str) -> bool:
    """Tell whether a process is running; a zombie is not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
