"""What a warm process may be shared for: the same environment, unchanged, and the same surroundings."""

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

__all__ = ["Identity", "identity", "start_variables"]

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


def identity(environment: Environment, variables: dict[str, str]) -> Identity:
    """Name the warm process of an environment and these variables."""
    state = _digest([environment.python, os.path.realpath(environment.python), _files(environment)])
    return Identity(_digest([state, sorted(variables.items()), _surroundings()]), state)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:32]


def _files(environment: Environment) -> list[Any]:
    """Describe the files of an environment: its interpreter, its settings, each entry of its folders of packages."""
    paths = [os.path.realpath(environment.python), str(Path(environment.prefix) / "pyvenv.cfg")]
    state: list[Any] = [str(Path(__file__).parent), *map(_stat, paths)]
    for folder in environment.site_packages:
        try:
            with os.scandir(folder) as entries:
                state.append(sorted([entry.name, _stat(entry.path)] for entry in entries))
        except OSError:  # noqa: PERF203 - a few folders
            state.append(None)
    return state


def _stat(path: str) -> list[int] | None:
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return [status.st_ino, status.st_mtime_ns, status.st_size]


def _surroundings() -> list[Any]:
    """Describe what a process inherits and cannot change, or must not."""
    spaces = [str(Path("/proc/self/ns", name).readlink()) for name in ("mnt", "pid", "net", "user", "ipc", "uts")]
    limits = [resource.getrlimit(number)[1] for number in _limits()]
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    groups = [os.getuid(), os.getgid(), sorted(os.getgroups())]
    texts = [Path("/proc/self", name).read_text() for name in ("cgroup", "oom_score_adj")]
    return [spaces, limits, nice, groups, texts, sorted(os.sched_getaffinity(0))]


def _limits() -> list[int]:
    return sorted({getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")})
