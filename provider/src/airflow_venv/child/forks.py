"""End processes that the function has forked by `os.fork` and in which it has come to its end like in its own.

The task's outcome is that of the function's own process, the only one with a channel to the operator.
"""

import os
import sys

from .outcome import exit_frame, formatted


def end_after_return():
    """End a forked process in which the function has returned."""
    _end(0, "The function has returned in a process that it had forked, too: end such a process by os._exit()")


def end_after_error(start, error):
    """End a forked process in which the function has raised an exception, as Python would.

    Args:
        start: the `StartFrame` of the task.
        error: the exception.
    """
    if isinstance(error, SystemExit):
        frame = exit_frame(error)
        _end(frame.code, frame.message)
    _end(1, "In a process that the function had forked:\n" + formatted(start, error))


def _end(code, text):
    if text:
        sys.stderr.write(text + "\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)
