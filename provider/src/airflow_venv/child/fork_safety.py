"""Check whether this process can be forked, by its threads and its imported modules."""

import _thread
import os
import select
import sys

OFFENDERS = {
    "airflow": "it reads its configuration when it is imported, and each task has its own",
    "polars": "its thread pool does not survive a fork",
    "grpc": "its threads do not survive a fork",
    "jax": "its threads do not survive a fork",
    "tensorflow": "its threads do not survive a fork",
    "ray": "its threads do not survive a fork",
    "cupy": "CUDA does not survive a fork",
    "pycuda": "CUDA does not survive a fork",
}
"""Reason why a module does not survive a fork, by the module's name."""
SURVIVES = {"jemalloc_bg_thd"}
"""Names of threads that end before a fork and are started again when they are needed."""
VARIABLES = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")
"""Environment variables that set the number of OpenBLAS threads, in order of precedence."""

PATCHED = [(module, name, getattr(module, name)) for module, name in ((_thread, "start_new_thread"), (select, "poll"))]
"""Functions of the standard library that the watch over a task needs, as they are before modules are imported."""


def problem():
    """Return the reason why this process cannot be forked, or an empty text."""
    for name, reason in OFFENDERS.items():
        spec = getattr(sys.modules.get(name), "__spec__", None)
        if name in sys.modules and getattr(spec, "origin", None) != "airflow_shim":
            return name + ": " + reason
    torch = sys.modules.get("torch.cuda")
    if torch is not None and getattr(torch, "is_initialized", bool)():
        return "torch: CUDA does not survive a fork"
    for module, name, function in PATCHED:
        if getattr(module, name, None) is not function:  # gevent and eventlet, whose threads run only when others wait
            return f"it has replaced {module.__name__}.{name} of the standard library"
    frames = len(sys._current_frames())  # noqa: SLF001 - includes threads that `threading` does not know
    if frames > 1:
        threading = sys.modules.get("threading")
        names = [thread.name for thread in threading.enumerate()][1:] if threading else []
        return "it has started a thread of Python's" + (" (" + ", ".join(names) + ")" if names else "")
    return native_problem(*threads())


def threads():
    """Return the name of this process, and the sorted names of its threads other than the main thread."""
    own = str(os.getpid())
    names = {}
    for number in os.listdir("/proc/self/task"):
        try:
            with open("/proc/self/task/" + number + "/comm") as file:
                names[number] = file.read().rstrip("\n")
        except OSError:  # the thread has ended meanwhile
            pass
    return names.pop(own, ""), sorted(names.values())


def native_problem(own, names):
    """Return the reason why native threads prevent a fork, or an empty text.

    Threads of OpenBLAS are allowed, because it ends them before a fork. They are recognised by their name, which is
    that of the process, and by their number.

    Args:
        own: the name of this process.
        names: the names of its other threads.
    """
    names = [name for name in names if name not in SURVIVES]
    foreign = [name for name in names if name != own]
    if foreign:
        return "it has started native threads (" + ", ".join(sorted(set(foreign))[:5]) + ")"
    allowed = openblas_libraries() * (openblas_threads() - 1)
    if len(names) > allowed:
        return f"it has started {len(names) - allowed} native threads of unknown origin"
    return ""


def openblas_libraries():
    """Count the loaded copies of OpenBLAS. NumPy and SciPy each bring one."""
    with open("/proc/self/maps") as file:
        return len({line.split(None, 5)[-1] for line in file if "openblas" in line})


def openblas_threads():
    """Return the maximum number of threads of one copy of OpenBLAS, including the main thread."""
    count = len(os.sched_getaffinity(0))
    for name in VARIABLES:
        value = os.environ.get(name, "")
        if value.isdigit() and int(value):
            return max(int(value), 1)
    return count
