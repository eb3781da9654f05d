"""Have the kernel kill this process when the operator's process ends, even while compiled code holds the GIL.

The runner's thread that waits for the operator's process to end needs the GIL, which compiled code may hold for hours.
The kernel needs no lock: it reports the hang-up of the lifeline, a pipe whose other end only the operator has, as a
signal (`F_SETSIG` of fcntl(2)), and that signal is set to SIGKILL.

A killed process cannot end the processes that it has started. Therefore the signal is turned off when the function
starts another process. From then on, the thread kills this process together with its descendants.
"""

import fcntl
import os
import select
import sys

KILL = 9
"""SIGKILL. The module `signal` would import `enum`, which takes half as long as an interpreter start."""
SET_SIGNAL = 10
"""`F_SETSIG` of Linux, which the module `fcntl` defines from Python 3.14 on."""
SPAWNING = ("posix_spawn", "posix_spawnp", "system")
"""Functions of `os` that start a process without running the hooks of `os.register_at_fork`."""
_pipes = []


def kill_at_hangup(fd):
    """Have the kernel kill this process when the other end of a pipe is closed, until `release` is called.

    Args:
        fd: the file descriptor of this end.
    """
    try:
        os.set_inheritable(fd, False)
        fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(fd, SET_SIGNAL, KILL)
        fcntl.fcntl(fd, fcntl.F_SETFL, os.O_ASYNC)
        hangup = select.poll()
        hangup.register(fd, 0)
        if hangup.poll(0):  # closed before the kernel was set to report it
            os.kill(os.getpid(), KILL)
    except (AttributeError, OSError):  # not Linux: only the thread is left
        return
    _pipes.append(fd)


def watch_starts():
    """Call `release` before this process starts another one. This covers modules that are imported from now on."""
    os.register_at_fork(before=release)
    for name in SPAWNING:
        if hasattr(os, name):
            setattr(os, name, _releasing(getattr(os, name), os))


def watch_subprocesses(module):
    """Do the same for `_posixsubprocess`.

    Args:
        module: the module `_posixsubprocess`. `watch_starts` does not import it, because that takes a while.
    """
    module.fork_exec = _releasing(module.fork_exec, module)
    subprocess = sys.modules.get("subprocess")  # a .pth file may have imported it at Python's start
    if hasattr(subprocess, "_fork_exec"):
        subprocess._fork_exec = module.fork_exec  # noqa: SLF001 - its own reference, since Python 3.11


def release():
    """Turn the signal off, so that from now on only the thread ends this process."""
    while _pipes:
        try:
            fcntl.fcntl(_pipes.pop(), fcntl.F_SETFL, 0)
        except OSError:  # the function has closed this descriptor
            pass


def _releasing(function, module):
    def releasing(*args, **kwargs):
        release()
        return function(*args, **kwargs)

    releasing.__name__ = releasing.__qualname__ = function.__name__  # pickled like the function it replaces
    releasing.__module__, releasing.__doc__ = module.__name__, function.__doc__
    return releasing
