"""Ending a process and everything it has started. Standard library only: both ends use it."""

import os
import signal
import time

MARK = "AIRFLOW_VENV_TASK"
ROUNDS = 500
PAUSE = 0.01
PATIENCE = 3.0


def descendants(root, mark):
    """List the processes below ``root`` and those that carry ``mark`` in their environment, but not ``root`` itself.

    The mark finds those whose parent has ended or that made themselves a session of their own.
    """
    parents = {}
    found = set()
    gone = {root, os.getpid()}
    needle = (MARK + "=" + mark).encode() + b"\0"
    for entry in _listing():
        pid = int(entry)
        parents[pid], zombie = _stat(entry)
        if zombie:
            gone.add(pid)
        if pid not in gone and needle in _read("/proc/" + entry + "/environ") + b"\0":
            found.add(pid)
    below = {root}
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in below and pid not in below}
        grown = bool(more)
        below |= more
    return sorted((found | below) - gone)


def _listing():
    try:
        return [entry for entry in os.listdir("/proc") if entry.isdigit()]
    except OSError:  # no such thing outside Linux: the process itself is ended, and its group with it
        return []


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _stat(entry):
    """Read the parent's id, and whether the process has ended and only waits to be asked for its exit code.

    Both stand behind the name, which may itself hold blanks and parentheses.
    """
    fields = _read("/proc/" + entry + "/stat").rpartition(b")")[2].split()
    return (int(fields[1]), fields[0] == b"Z") if len(fields) > 1 else (0, True)


def end(pids, number=signal.SIGKILL):
    """Send a signal to each; those that are gone already do not matter."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            pass


def sweep(pids, mark):
    """End these processes and whatever carries the mark, until nothing is found twice in a row.

    Once is not enough: a process that is being started while the list is read may not be on it.
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


def last_will(mark):
    """End this process and all it has started, from without: a process that still runs may still start others.

    So a forked copy of this one does it, which ends its parent first. Should the copy get stuck in somebody's handler
    for forks, this process does what it can itself.
    """
    target = os.getpid()
    try:
        forked = os.fork()
    except Exception:  # noqa: BLE001 - no room for a process, or a warning made an error
        forked = -1
    if not forked:
        below = descendants(target, mark)
        end([target])
        sweep(below, mark)
        os._exit(0)
    if forked > 0:
        time.sleep(PATIENCE)
    end([*descendants(target, mark), target])
