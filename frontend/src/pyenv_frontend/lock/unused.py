"""Locks of ours that no PYENV uses any more: the environment was renamed or removed, or has its lock elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pyenv_frontend.lock.choice import can_be_locked, lock_name, lock_path
from pyenv_frontend.lock.lockfile import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_frontend.stages.program import Program

__all__ = ["unused_locks"]

_DOCKERFILE: Final = r"(?i)(dockerfile|containerfile)(?!.*\.dockerignore$)"
_PATTERN: Final = lock_name("*")


def unused_locks(program: Program, root: Path, folder: Path) -> list[str]:
    """Return the locks at the top of a build context that neither a Dockerfile uses nor another one beside it names.

    Args:
        program: the Dockerfile.
        root: the folder of the build context.
        folder: that of the Dockerfile.
    """
    pyenvs = [environment.pyenv for environment in program.environments]
    if any(map(_has_variable_name, pyenvs)):
        return []  # Other build-args may give them other names.
    # One with `--lock=off` may be locked by its name, and a lock may be named as requirements.
    used = {lock_path(pyenv) for pyenv in pyenvs if can_be_locked(pyenv)}
    used |= {file.path for pyenv in pyenvs for file in pyenv.requirements}
    names = sorted(path.name for path in root.glob(_PATTERN) if path.name not in used and _is_ours(path))
    others = [*_other_dockerfiles(program, {root, folder})] if names else []
    return [name for name in names if not any(_mentions(text, name) for text in others)]


def _has_variable_name(pyenv: Pyenv) -> bool:
    """Return whether the name of an environment or of its lock is written with a variable."""
    spans = (pyenv.name.span, pyenv.options.span("lock"))
    return any(b"$" in pyenv.instruction.file.data[span.start : span.end] for span in spans if span)


def _is_ours(path: Path) -> bool:
    try:
        data = path.read_bytes()
    except OSError:
        return False
    return bool(data.strip()) and is_ours(data)


def _other_dockerfiles(program: Program, folders: set[Path]) -> Iterator[bytes]:
    for folder in folders:
        for path in folder.iterdir():
            if re.search(_DOCKERFILE, path.name) and path.is_file():
                text = path.read_bytes()
                if text != program.document.file.data:
                    yield text


def _mentions(text: bytes, lock: str) -> bool:
    """Return whether a Dockerfile has a PYENV of a lock's name, or the name of the lock."""
    prefix, suffix = _PATTERN.encode().split(b"*")
    name = re.escape(lock.encode().removeprefix(prefix).removesuffix(suffix))
    return re.search(rb"(?<![\w-])(%b|%b)(?![\w-])" % (re.escape(lock.encode()), name), text) is not None
