"""Run a task in a process that was forked from a zygote, in the state that a new process would have.

The worker sends this state (variables, limits, signals) through the channel before the start frame. If the fork cannot
take on the state, it replaces itself with a new Python process that uses the same channel (`execve`).
"""

import _signal
import atexit
import faulthandler  # noqa: F401 - the unused imports of this module are the runner's, imported before a fork
import gc
import json
import linecache  # noqa: F401
import os
import pickle  # noqa: F401
import resource
import sys

from . import (  # noqa: F401
    context_decoding,
    file_loader,
    import_hooks,
    logs,
    macros,
    operator_channel,
    outcome,
    parent_death,
    runner,
    services,
    session,
    stream,
    task_logger,
    transfer,
)
from .process_tree import MARK

HEADER = 8
"""Bytes of the length that precedes the setup in the channel."""
FLUSH_FAILED = 120
"""Python's exit code when buffered output cannot be written."""
RUNNER_THREADS = 2
"""Number of the runner's threads: the main thread, and the one that waits for the operator's process to end."""
MODULE_ENDINGS = (".py", ".pyc", ".so")
"""File name extensions of modules."""
AT_START = "sitecustomize"
"""Name of the module that Python imports at its start, if it exists."""


def prepare():
    """Prepare the zygote before it imports modules.

    Returns:
        The argument `prepared` of `run`: the address of the mark, and the names of the zygote's environment variables.
    """
    parent_death.watch_starts()
    parent_death.watch_subprocesses(__import__("_posixsubprocess"))
    return mark_place(), set(os.environ) - {"LC_CTYPE"}  # Python itself sets this one in the C locale


def run(descriptors, prepared):
    """Run a task and end this process.

    Args:
        descriptors: the file descriptors of the channel, the output pipe, the lifeline and the working folder.
        prepared: the result of `prepare`.
    """
    channel, output, lifeline, folder = descriptors
    place, inherited = prepared
    os.setsid()  # a signal to its own group must not reach the zygote and other tasks
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.fchdir(folder)
    os.close(output)
    os.close(folder)
    setup = read_setup(channel)
    set_limits(setup)
    set_signals(setup)
    variables = setup["variables"]
    folders = module_folders(variables.get("PYTHONPATH", ""))
    if not write_mark(place, variables[MARK]) or shadowed(folders):
        start_anew(channel, lifeline, variables)
    set_variables(variables, inherited)
    sys.path[:0] = [path for path in folders if path not in sys.path]
    sys.argv[:] = [os.path.join(runner.FOLDER, "runner.py")]
    reseed()
    runner.run(channel, lifeline, import_hooks.ImportHooks())
    end()


def end():
    """Exit in the same order as Python does, but without freeing imported modules.

    Freeing them would copy each memory page that is shared with the zygote, which takes longer than most tasks.
    """
    threading = sys.modules.get("threading")
    try:
        if threading is not None:
            threading._shutdown()  # noqa: SLF001 - waits for non-daemon threads
    except BaseException:  # noqa: BLE001 - as Python does
        sys.excepthook(*sys.exc_info())
    try:
        atexit._run_exitfuncs()  # noqa: SLF001
    except BaseException:  # noqa: BLE001, S110 - atexit has printed it
        pass
    if len(sys._current_frames()) <= RUNNER_THREADS:  # noqa: SLF001 - daemon threads may use the names below
        names = getattr(sys.modules.get("__main__"), "__dict__", {})
        for name in list(names):  # dropping the references writes and closes open files
            if name != "__builtins__":
                names[name] = None
        gc.collect()
    code = 0
    for printed in (sys.stdout, sys.stderr):
        try:
            printed.flush()
        except Exception:  # noqa: BLE001 - the function may have closed or replaced it
            code = code if getattr(printed, "closed", True) else FLUSH_FAILED
    os._exit(code)


def read_setup(channel):
    """Read the setup that the worker sends before the start frame. End this process if the worker has ended.

    Returns:
        A dictionary with the environment `variables`, the `umask`, the soft `limits` (pairs of resource and value), and
        the numbers of `ignored` and `blocked` signals.
    """
    data = bytearray()
    size = HEADER
    while len(data) < size:
        received = os.read(channel, min(size - len(data), 1 << 20))
        if not received:
            os._exit(1)
        data += received
        if size == HEADER and len(data) == HEADER:
            size += int.from_bytes(data, "big")
    return json.loads(data[HEADER:].decode())


def set_limits(setup):
    """Set the umask and the soft limits. Limits that cannot be changed keep the zygote's value."""
    os.umask(setup["umask"])
    for number, soft in setup["limits"]:
        current, hard = resource.getrlimit(number)
        try:
            if current != soft:
                resource.setrlimit(number, (soft, hard))
        except (OSError, ValueError):
            pass


def set_signals(setup):
    """Ignore and block exactly the signals that a new process would.

    The module `signal` converts each result to a member of an enumeration, which takes ten times as long as `_signal`.
    """
    ignored = set(setup["ignored"])
    for number in range(1, _signal.NSIG):
        if number in (_signal.SIGPIPE, _signal.SIGXFSZ):  # Python itself ignores these
            continue
        try:
            current = _signal.getsignal(number)
            if number in ignored:
                _signal.signal(number, _signal.SIG_IGN)
            elif current == _signal.SIG_IGN:
                default = _signal.default_int_handler if number == _signal.SIGINT else _signal.SIG_DFL
                _signal.signal(number, default)
        except (OSError, ValueError, RuntimeError):  # a signal that cannot be handled
            pass
    _signal.pthread_sigmask(_signal.SIG_SETMASK, setup["blocked"])


def mark_place():
    """Return the address of the mark in this process's memory, or 0 if it cannot be determined.

    `/proc/PID/environ` shows the memory that holds the variables of the process's start, from `env_start` on (field 50
    of `/proc/PID/stat`). The zygote is started with a placeholder for the mark.
    """
    try:
        with open("/proc/self/stat", "rb") as file:
            start = int(file.read().rpartition(b")")[2].split()[47])
        with open("/proc/self/environ", "rb") as file:
            return start + (b"\0" + file.read()).index(b"\0" + MARK.encode() + b"=") + len(MARK) + 1
    except (OSError, ValueError, IndexError):
        return 0


def write_mark(place, mark):
    """Write the mark into the memory that `/proc/PID/environ` shows, and return whether that succeeded.

    Args:
        place: the address that `mark_place` has returned.
        mark: a text as long as the placeholder.
    """
    try:
        memory = os.open("/proc/self/mem", os.O_WRONLY)
        try:
            return bool(place) and os.pwrite(memory, mark.encode(), place) == len(mark)
        finally:
            os.close(memory)
    except OSError:
        return False


def set_variables(variables, inherited):
    """Set the environment variables of a new process, but keep those that modules have set during their import.

    Args:
        variables: the variables of a new process.
        inherited: the names of the variables that the zygote was started with.
    """
    current = dict(os.environ)
    for name in inherited.intersection(current).difference(variables):
        del os.environ[name]
    for name, value in variables.items():
        if current.get(name) != value:
            os.environ[name] = value


def module_folders(text):
    """Split `PYTHONPATH` into absolute paths without duplicates, as Python does."""
    folders = []
    for entry in text.split(os.pathsep) if text else []:
        path = os.path.abspath(entry)
        if path not in folders:
            folders.append(path)
    return folders


def shadowed(folders):
    """Return whether a new process would import a module of a folder at its start, or instead of an imported one."""
    ours = {"__main__", "airflow_venv"}.union(sys.builtin_module_names) if folders else ()
    for folder in folders:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            module, path = name.partition(".")[0], os.path.join(folder, name)
            if module in ours or (module not in sys.modules and module != AT_START):
                continue
            if module == name:  # a folder is a package only with this file
                path = os.path.join(path, "__init__.py")
            elif not name.endswith(MODULE_ENDINGS):
                continue
            if os.path.exists(path) and not is_same(module, path):
                return True
    return False


def is_same(name, path):
    """Return whether the module `name` was imported from the file `path`."""
    known = getattr(sys.modules.get(name), "__file__", None)
    return isinstance(known, str) and os.path.realpath(known) == os.path.realpath(path)


def start_anew(channel, lifeline, variables):
    """Replace this process with a new runner that uses the same channel and lifeline."""
    os.set_inheritable(channel, True)
    os.set_inheritable(lifeline, True)
    command = [sys.executable, os.path.join(runner.FOLDER, "runner.py"), str(channel), str(lifeline)]
    os.execve(sys.executable, command, variables)  # noqa: S606 - a command of ours, without a shell


def reseed():
    """Seed the random number generators of this process anew. The module `random` does this by itself after a fork."""
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()
    torch = getattr(sys.modules.get("torch"), "default_generator", None)
    if torch is not None:
        torch.seed()
    multiprocessing = sys.modules.get("multiprocessing.process")
    if multiprocessing is not None:
        multiprocessing.current_process().authkey = os.urandom(32)
