"""The identity of a warm process: the same unchanged environment, and the same surroundings."""

from __future__ import annotations

import hashlib
import json
import os
import resource
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_venv.child.process_tree import MARK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_venv.environments.facts import Environment

__all__ = ["LIMITS", "Identity", "identity", "read_system", "start_variables"]

LIMITS = sorted({getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")})
"""Numbers of the limits that a process inherits."""
_ZYGOTE = str(Path(__file__).parents[1] / "child/zygote.py")

_NAMES = {
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "VECLIB_MAXIMUM_THREADS",
}
_PREFIXES = ("LC_", "LD_", "PYTHON", "OMP_", "OPENBLAS_", "GOTO_", "MKL_", "BLIS_", "NUMEXPR_", "KMP_", "XDG_")
_NOT = {"PYTHONPATH"}
"""The folders of DAGs are on it, whose modules change; the forked task puts them on its path."""


class Identity:
    """The name of a warm process, and of the environment's state that it stands for."""

    def __init__(self, name: str, environment: str) -> None:
        self.name = name
        self.environment = environment


def start_variables(variables: dict[str, str], more: Iterable[str]) -> dict[str, str]:
    """Return those variables that a warm process is started with: an allow-list."""
    allowed = _NAMES | set(more)
    chosen = {name: value for name, value in variables.items() if name in allowed or name.startswith(_PREFIXES)}
    return {name: value for name, value in chosen.items() if name not in _NOT and name != MARK}


def identity(environment: Environment, variables: dict[str, str], memory: int, *, shim: bool = False) -> Identity:
    """Return the name of the warm process for an environment, these variables and this limit of its memory.

    What was too large for a limit is tried again under another one. With the shim, modules find stand-ins for Airflow
    while they are imported. Each task does this anew, so it takes system calls alone.
    """
    state = _digest([environment.python, os.path.realpath(environment.python), _files(environment)])
    return Identity(_digest([state, sorted(variables.items()), memory, shim, _surroundings()]), state)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:32]


def _files(environment: Environment) -> list[Any]:
    """Describe the files of an environment: its interpreter, its settings, each entry of its folders of packages.

    Installing a package puts a new folder in the old one's place, and a new folder of metadata. The time of a package's
    own folder says less: compiled modules that are written beside it change it, too.
    """
    python, settings = os.path.realpath(environment.python), os.path.join(environment.prefix, "pyvenv.cfg")  # noqa: PTH118 - half the time
    state: list[Any] = [_ZYGOTE, _stat(_ZYGOTE), _stat(python), _stat(settings)]  # ours: it may have been upgraded
    for folder in environment.site_packages:
        try:
            with os.scandir(folder) as entries:
                state.append(sorted(_entry(entry) for entry in entries if entry.name != "__pycache__"))
        except OSError:  # noqa: PERF203 - a few folders
            state.append(None)
    return state


def _entry(entry: os.DirEntry[str]) -> list[Any]:
    if entry.is_dir() and not entry.name.endswith("-info"):
        return [entry.name, entry.inode()]
    return [entry.name, _stat(entry.path)]


def _stat(path: str) -> list[int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - half the time
    except OSError:
        return None
    return [status.st_ino, status.st_mtime_ns, status.st_size]


def _surroundings() -> list[Any]:
    """Describe what a process inherits and cannot change, or must not."""
    spaces = [os.readlink(f"/proc/self/ns/{name}") for name in ("mnt", "pid", "net", "user", "ipc", "uts")]  # noqa: PTH115
    limits = [resource.getrlimit(number)[1] for number in LIMITS]
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    groups = [os.getuid(), os.getgid(), sorted(os.getgroups())]
    texts = [read_system(f"/proc/self/{name}") for name in ("cgroup", "oom_score_adj")]
    return [spaces, limits, nice, groups, texts, sorted(os.sched_getaffinity(0))]


def read_system(path: str) -> str:
    """Read a file of `/proc` by a single system call."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 1 << 16).decode(errors="replace")
    finally:
        os.close(descriptor)
