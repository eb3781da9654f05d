"""End a process and all processes that it has started. Both the worker and the child use this module."""

import os
import signal
import time

MARK = "AIRFLOW_VENV_TASK"
"""Environment variable with the mark that all processes of a task inherit."""
ROUNDS = 500
"""Maximum number of times that `sweep` looks for processes."""
PAUSE = 0.01
"""Seconds between two of them."""
FORK_TIMEOUT = 3.0
"""Seconds after which `kill_self_and_descendants` no longer waits for its forked copy."""


def descendants(root, mark):
    """List the descendants of a process, and all processes with a mark in their environment.

    The mark also finds processes whose parent has ended or that have started a session of their own.

    Args:
        root: the ID of the process, or -1 for no process.
        mark: the value of the variable `MARK`.

    Returns:
        The sorted process IDs, without `root`, this process and zombies.
    """
    parents = {}
    marked = set()
    gone = {root, os.getpid()}
    needle = (MARK + "=" + mark).encode() + b"\0"
    for entry in _listing():
        pid = int(entry)
        parents[pid], zombie = _stat(entry)
        if zombie:
            gone.add(pid)
        if pid not in gone and needle in _read("/proc/" + entry + "/environ") + b"\0":
            marked.add(pid)
    below = {root}
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in below and pid not in below}
        grown = bool(more)
        below |= more
    return sorted((marked | below) - gone)


def _listing():
    try:
        return [entry for entry in os.listdir("/proc") if entry.isdigit()]
    except OSError:  # not Linux: only the process itself is ended
        return []


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _stat(entry):
    """Return the parent's ID, and whether the process is a zombie or has ended.

    In the file, both follow the name of the process, which may itself contain blanks and parentheses.
    """
    fields = _read("/proc/" + entry + "/stat").rpartition(b")")[2].split()
    return (int(fields[1]), fields[0] == b"Z") if len(fields) > 1 else (0, True)


def end(pids, number=signal.SIGKILL):
    """Send a signal to each process. Processes that have ended or belong to another user are ignored."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            pass


def sweep(pids, mark):
    """Kill these processes and all that have the mark, until two looks in a row find none.

    One look is not enough, because a process that is just being started may not be listed yet.
    """
    end(pids)
    empty = 0
    for _ in range(ROUNDS):
        left = descendants(-1, mark)
        end(left)
        empty = 0 if left else empty + 1
        if empty > 1:
            return
        time.sleep(PAUSE)


def kill_self_and_descendants(mark):
    """Kill this process and all processes that it has started.

    Other threads of this process could start more processes meanwhile. Therefore a forked copy kills this process first
    and then the others. If the copy is stuck in a fork handler, this process kills what it can by itself.
    """
    target = os.getpid()
    try:
        forked = os.fork()
    except Exception:  # noqa: BLE001 - too many processes, or a warning that is turned into an error
        forked = -1
    if not forked:
        below = descendants(target, mark)
        end([target])
        sweep(below, mark)
        os._exit(0)
    if forked > 0:
        time.sleep(FORK_TIMEOUT)
    end([*descendants(target, mark), target])
