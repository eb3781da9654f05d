"""End a process and everything it has started. Both ends use it."""

import os
import signal
import time

MARK = "AIRFLOW_VENV_TASK"
ROUNDS = 500
PAUSE = 0.01
FORK_TIMEOUT = 3.0


def descendants(root, mark):
    """List the descendants of `root`, and the processes that carry `mark` in their environment, without `root` itself.

    The mark finds those whose parent has ended, or that have a session of their own.
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
    """Read the parent's id, and whether the process is a zombie.

    Both fields follow the name, which may itself hold blanks and parentheses.
    """
    fields = _read("/proc/" + entry + "/stat").rpartition(b")")[2].split()
    return (int(fields[1]), fields[0] == b"Z") if len(fields) > 1 else (0, True)


def end(pids, number=signal.SIGKILL):
    """Send a signal to each process; those that have ended do not matter."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            pass


def sweep(pids, mark):
    """End these processes and all that carry the mark, until two looks in a row find none.

    One look is not enough: a process that is being started meanwhile may not be on the list.
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
    """End this process and all it has started.

    A process that runs may start others, so a forked copy does it, which ends its parent first. If the copy gets stuck
    in a handler for forks, this process ends what it can itself.
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
        time.sleep(FORK_TIMEOUT)
    end([*descendants(target, mark), target])
