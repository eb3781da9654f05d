"""Look up the path of an environment's `python` by its name. Only this module reads the variables `ASTRO_PYENV_*`.

Each defect of a path has its own error message, and is detected before a process is started.
"""

from __future__ import annotations

import os
import re
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_venv.errors import BrokenEnvironmentError, UnknownEnvironmentError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "PREFIX",
    "check_name",
    "check_python",
    "environments",
    "find",
    "is_template",
    "known_name",
    "known_path",
    "missing",
    "pyenv_line",
]

PREFIX = "ASTRO_PYENV_"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_NAMED = 50
"""Maximum number of environments that an error names."""
_MACHINES = {3: "x86", 40: "arm", 62: "x86-64", 183: "arm64", 243: "riscv", 21: "ppc64", 22: "s390x"}


def environments(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the paths of all environments of this process, by name.

    A name with a dash is exported in two spellings; only the one with the dash is listed.
    """
    environ = os.environ if environ is None else environ
    paths = {key[len(PREFIX) :]: value for key, value in environ.items() if key.startswith(PREFIX)}
    dashed = {name.replace("-", "_"): name for name in paths if "-" in name}
    doubles = {plain for plain, name in dashed.items() if paths.get(plain) == paths[name]}
    return {name: paths[name] for name in sorted(paths) if name and name not in doubles}


def is_template(name: str) -> bool:
    """Return whether the name is still to be rendered by Airflow, so that only the task can look it up."""
    return "{{" in name or "{%" in name


def check_name(name: object) -> str:
    """Refuse an invalid name of an environment.

    Raises:
        TypeError: it is no text, for instance because `@task.venv` was used without a name.
        ValueError: it is empty or has characters that `PYENV` does not allow.
    """
    if name is None or callable(name):
        raise TypeError('@task.venv needs the name of an environment: @task.venv("name")')
    if not isinstance(name, str):
        raise TypeError(f"venv must be the name of an environment, a str, not {type(name).__name__}: {name!r}")
    if not is_template(name) and not _NAME.fullmatch(name):
        raise ValueError(
            f"venv={name!r} cannot be the name of an environment: "
            "a letter or _ comes first, then letters, digits, _ and -"
        )
    return name


def find(name: str, environ: Mapping[str, str] | None = None) -> str:
    """Return the path that the environment's variable holds; the exact name first, then with `-` and `_` swapped.

    Raises:
        UnknownEnvironmentError: there is none of that name.
    """
    known = environments(environ)
    environ = os.environ if environ is None else environ
    for spelling in (name, name.replace("-", "_")):
        if (path := environ.get(PREFIX + spelling)) is not None:
            return path
    if (other := known_name(name, known)) is not None:
        return known[other]
    raise UnknownEnvironmentError(name, tuple(known), missing(name, known))


def known_name(name: str, known: Iterable[str]) -> str | None:
    """Return the one of the known names that a name means: itself, or one that differs in `-` and `_` alone."""
    folded = name.replace("-", "_")
    similar = None
    for other in known:
        if other == name:
            return other
        if other.replace("-", "_") == folded:
            similar = similar or other
    return similar


def known_path(name: str) -> str | None:
    """Return the path for a name in this process, or None if only the task can look it up."""
    if is_template(name):
        return None
    try:
        return find(name)
    except UnknownEnvironmentError:
        return None


def missing(name: str, known: Mapping[str, str] | None = None) -> str:
    """Return the error message: the name, the existing environments, and what to do."""
    known = environments() if known is None else known
    parts = [f"There is no environment {name!r}: the variable {PREFIX}{name} is not set."]
    parts.append(did_you_mean(name, known))
    if known:
        more = f" and {len(known) - _NAMED} more (airflow-venv list)" if len(known) > _NAMED else ""
        parts.append(f"The environments here are: {', '.join(list(known)[:_NAMED])}{more}.")
    else:
        parts.append(f"This process has no environments at all (no {PREFIX}* variable).")
    parts.append(f"To add it, put a line into the Dockerfile: {pyenv_line(name)}")
    return " ".join(filter(None, parts))


def pyenv_line(name: str) -> str:
    """Return the line of a Dockerfile that adds an environment of a name."""
    return f"PYENV <python version> {name} [requirements.txt]"


def check_python(python: str, label: str) -> None:
    """Check that a path leads to an interpreter that this machine can start, without starting it.

    Args:
        python: the path to check.
        label: its name in messages: `ASTRO_PYENV_snowpark` or `python`.

    Raises:
        BrokenEnvironmentError: it does not; the message has the reason.
    """
    if not python:
        raise BrokenEnvironmentError(f"{label} is set but empty: it must hold the absolute path of a python.")
    path = Path(python)
    if not path.is_absolute():
        raise BrokenEnvironmentError(f"{label} is {python!r}, which must be an absolute path.")
    if not _exists(python, label, os.lstat):
        raise BrokenEnvironmentError(
            f"{label} is {python!r}, which must exist, but there is no such file. "
            "Does this worker run the image that the environment was built into?"
        )
    if not _exists(python, label, os.stat):
        raise BrokenEnvironmentError(
            f"{label} is {python!r}, a link to {os.path.realpath(python)!r}, which does not exist: "
            "the interpreter that the environment was made with is gone."
        )
    if not path.is_file():
        raise BrokenEnvironmentError(f"{label} is {python!r}, which must be a file; it is a folder or a device.")
    if not os.access(python, os.X_OK):
        raise BrokenEnvironmentError(f"{label} is {python!r}, which this user may not execute (no x permission).")
    _check_machine(python, label)


def _exists(python: str, label: str, status: Callable[[str], object]) -> bool:
    """Return whether there is a file, by `lstat` or `stat`.

    Raises:
        BrokenEnvironmentError: a folder on the way to it may not be entered.
    """
    try:
        status(python)
    except PermissionError:
        raise BrokenEnvironmentError(
            f"{label} is {python!r}, which this user may not reach: a folder on the way to it, or to "
            f"{os.path.realpath(python)!r} that it links to, does not let this user in (no x permission)."
        ) from None
    except (OSError, ValueError):
        return False
    return True


def _check_machine(python: str, label: str) -> None:
    """Compare the processor in the file's ELF header with that of the interpreter we run in."""
    theirs, ours = _machine(python), _machine(sys.executable)
    if theirs and ours and theirs != ours:
        raise BrokenEnvironmentError(
            f"{label} is {python!r}, a program for {_MACHINES.get(theirs, f'machine {theirs}')}, but this worker "
            f"runs on {_MACHINES.get(ours, f'machine {ours}')}: the image was built for another platform."
        )


def _machine(path: str) -> int | None:
    """Read `e_machine` of an ELF file (bytes 18 and 19); None for scripts and other formats."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(20)
    except OSError:
        return None
    if len(head) < 20 or head[:4] != b"\x7fELF":
        return None
    order = "<" if head[5] == 1 else ">"
    return int(struct.unpack_from(order + "H", head, 18)[0])
