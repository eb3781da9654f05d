"""Whether this process can be forked, judged by its threads and by what it has imported."""

import os
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
"""Modules that are known not to survive a fork, with the reason."""
SURVIVES = {"jemalloc_bg_thd"}
"""Names of threads that end before a fork and are started again when they are needed."""
VARIABLES = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")


def problem():
    """Return why this process cannot be forked; an empty text if nothing speaks against it."""
    for name, reason in OFFENDERS.items():
        if name in sys.modules:
            return name + ": " + reason
    torch = sys.modules.get("torch.cuda")
    if torch is not None and getattr(torch, "is_initialized", bool)():
        return "torch: CUDA does not survive a fork"
    frames = len(sys._current_frames())  # noqa: SLF001 - threads that `threading` does not know count
    if frames > 1:
        threading = sys.modules.get("threading")
        names = [thread.name for thread in threading.enumerate()][1:] if threading else []
        return "it has started a thread of Python's" + (" (" + ", ".join(names) + ")" if names else "")
    return native_problem(*threads())


def threads():
    """Return the name of this process, and the names of its other threads."""
    own = str(os.getpid())
    names = {}
    for number in os.listdir("/proc/self/task"):
        try:
            with open("/proc/self/task/" + number + "/comm") as file:
                names[number] = file.read().rstrip("\n")
        except OSError:  # it has ended meanwhile
            pass
    return names.pop(own, ""), sorted(names.values())


def native_problem(own, names):
    """Judge native threads. OpenBLAS ends its own before a fork; they carry the name of the process."""
    names = [name for name in names if name not in SURVIVES]
    foreign = [name for name in names if name != own]
    if foreign:
        return "it has started native threads (" + ", ".join(sorted(set(foreign))[:5]) + ")"
    allowed = openblas_libraries() * (openblas_threads() - 1)
    if len(names) > allowed:
        return f"it has started {len(names) - allowed} native threads of unknown origin"
    return ""


def openblas_libraries():
    """Count the copies of OpenBLAS that are loaded: NumPy and SciPy bring one each."""
    with open("/proc/self/maps") as file:
        return len({line.split(None, 5)[-1] for line in file if "openblas" in line})


def openblas_threads():
    """Return how many threads a copy of OpenBLAS may have, the main thread among them."""
    count = len(os.sched_getaffinity(0))
    for name in VARIABLES:
        value = os.environ.get(name, "")
        if value.isdigit() and int(value):
            return max(int(value), 1)
    return count
