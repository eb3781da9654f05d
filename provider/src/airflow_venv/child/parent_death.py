"""Lets the kernel end this process with the operator's, also while compiled code keeps every Python thread waiting.

The thread that waits for the operator's end needs the interpreter's lock to do anything about it, and a function of
compiled code may keep that for hours. The kernel needs nothing: of a pipe that only the operator can write to it tells
the end as a signal, and here that signal is SIGKILL.

But whoever is killed cannot end what it has started. So this holds only as long as nothing was started; from then on
all depends on the thread, which leaves nothing behind.
"""

import fcntl
import os

KILL = 9
"""SIGKILL; the module ``signal`` would load ``enum``, which takes as long as half an interpreter start."""
SET_SIGNAL = 10
"""``F_SETSIG`` of Linux, which the module ``fcntl`` does not name before Python 3.14."""
SPAWNING = ("posix_spawn", "posix_spawnp", "system")
_tied = []


def tie(fd, finder):
    """Have this process killed when the other end of the pipe ``fd`` is closed, until it starts another process."""
    try:
        os.set_inheritable(fd, False)
        fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(fd, SET_SIGNAL, KILL)
        fcntl.fcntl(fd, fcntl.F_SETFL, os.O_ASYNC)
    except (AttributeError, OSError):  # no Linux: the thread must do
        return
    _tied.append(fd)
    os.register_at_fork(before=loosen)
    for name in SPAWNING:
        if hasattr(os, name):
            setattr(os, name, _loosening(getattr(os, name), os))
    finder.after("_posixsubprocess", _subprocesses)


def loosen():
    """Leave the process's end to the thread from now on."""
    while _tied:
        try:
            fcntl.fcntl(_tied.pop(), fcntl.F_SETFL, 0)
        except OSError:  # somebody has closed all files that it did not know
            pass


def _subprocesses(module):
    module.fork_exec = _loosening(module.fork_exec, module)


def _loosening(function, module):
    def loosening(*args, **kwargs):
        loosen()
        return function(*args, **kwargs)

    loosening.__name__ = loosening.__qualname__ = function.__name__  # so that it can be pickled as what it stands for
    loosening.__module__, loosening.__doc__ = module.__name__, function.__doc__
    return loosening
