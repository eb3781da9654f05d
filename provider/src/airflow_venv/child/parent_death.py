"""Makes the kernel end this process with the operator's, even while compiled code keeps every Python thread waiting.

The thread that waits for the operator's end needs the interpreter's lock to do anything about it, and a function of
compiled code may keep that for hours. The kernel does not: it reports the hang-up of a
pipe that only the operator can write to as a signal, and here that signal is SIGKILL.

But a killed process cannot end what it has started. So this applies only until the function starts another process;
from then on the thread does it, which leaves nothing behind.
"""

import fcntl
import os
import select
import sys

KILL = 9
"""SIGKILL; the module `signal` would load `enum`, which takes half as long as an interpreter start."""
SET_SIGNAL = 10
"""`F_SETSIG` of Linux, which the module `fcntl` names from Python 3.14 on."""
SPAWNING = ("posix_spawn", "posix_spawnp", "system")
_pipes = []


def kill_at_hangup(fd):
    """Have the kernel kill this process when the other end of the pipe `fd` closes, until it starts another process."""
    try:
        os.set_inheritable(fd, False)
        fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(fd, SET_SIGNAL, KILL)
        fcntl.fcntl(fd, fcntl.F_SETFL, os.O_ASYNC)
        hangup = select.poll()
        hangup.register(fd, 0)
        if hangup.poll(0):  # it happened before the kernel was told to report it
            os.kill(os.getpid(), KILL)
    except (AttributeError, OSError):  # not Linux: the thread does it
        return
    _pipes.append(fd)


def watch_starts():
    """Have `release` called whenever this process starts another one, by whatever is imported from now on."""
    os.register_at_fork(before=release)
    for name in SPAWNING:
        if hasattr(os, name):
            setattr(os, name, _releasing(getattr(os, name), os))


def watch_subprocesses(module):
    """Do the same for the module `_posixsubprocess`, which takes a while to import."""
    module.fork_exec = _releasing(module.fork_exec, module)
    subprocess = sys.modules.get("subprocess")  # a file of site-packages may have imported it when Python started
    if hasattr(subprocess, "_fork_exec"):
        subprocess._fork_exec = module.fork_exec  # noqa: SLF001 - from Python 3.11 on it has its own name for it


def release():
    """Leave the end of this process to the thread from now on."""
    while _pipes:
        try:
            fcntl.fcntl(_pipes.pop(), fcntl.F_SETFL, 0)
        except OSError:  # the function has closed files that it did not open
            pass


def _releasing(function, module):
    def releasing(*args, **kwargs):
        release()
        return function(*args, **kwargs)

    releasing.__name__ = releasing.__qualname__ = function.__name__  # it can be pickled as what it replaces
    releasing.__module__, releasing.__doc__ = module.__name__, function.__doc__
    return releasing
