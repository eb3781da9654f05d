"""Which environments are locked, and whether their locks still fit; `lock.writer` makes new ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pyenv_frontend.inputs.resolve import resolve_inputs
from pyenv_frontend.lock.choice import lock_path
from pyenv_frontend.lock.fit import compare
from pyenv_frontend.lock.inputs import assumed_variables, files_among, lock_inputs
from pyenv_frontend.lock.lockfile import LockFormatError, is_ours, read_lock_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pyenv_frontend.inputs.build_context import BuildContext
    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.lock.lockfile import Lock, LockTarget
    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_frontend.stages.program import Environment

__all__ = ["LockJob", "plan_lock"]

_CREDENTIALS: Final = re.compile(rb"https?://[^\s/@'\"]+@")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockJob:
    """One environment, and its current lock."""

    environment: Environment
    requirements: RequirementInputs
    target: LockTarget
    inputs: Mapping[str, str]
    root: Path
    """The folder of the build context."""

    path: Path
    """The file of its lock."""

    before: bytes | None
    """The content of that file; None if there is none."""

    base_known: bool = True
    """Whether every variable of the base image is known."""

    sharing: tuple[str, ...] = ()
    """The names of other environments that take the same lock."""

    @property
    def pyenv(self) -> Pyenv:
        """The instruction."""
        return self.environment.pyenv

    @property
    def file(self) -> str:
        """The file of its lock, relative to the build context."""
        return lock_path(self.pyenv)

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.pyenv.name.text

    @property
    def assumed(self) -> list[str]:
        """The variables that the base image may set, and without which the lock was compared."""
        return [] if self.base_known else assumed_variables(self.environment)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all environments that take this lock, each once, in the order of the Dockerfile."""
        return tuple(dict.fromkeys((*self.sharing, self.name)))

    @property
    def is_foreign(self) -> bool:
        """Whether another tool has written the file."""
        return self.before is not None and not is_ours(self.before)

    @property
    def platforms_before(self) -> tuple[str, ...]:
        """The platforms that the current lock is for; none if there is no lock, or it cannot be read."""
        lock = self._lock_before
        return lock.target.platforms if lock else ()

    @property
    def other_files_before(self) -> tuple[str, ...]:
        """The files that the current lock was made from, if none of them is one of now."""
        lock = self._lock_before
        before = files_among(lock.inputs) if lock else ()
        return () if {*before} & {*files_among(self.inputs)} else before

    @property
    def _lock_before(self) -> Lock | None:
        try:
            return read_lock_file(self.before or b"")
        except LockFormatError:
            return None

    @property
    def files_with_credentials(self) -> list[str]:
        """The requirements that have a user or a password in an address; builds of the lock do not read them."""
        texts = {path: self.requirements.contents[path].data for path in sorted(self.requirements.lists)}
        if self.pyenv.inline is not None:
            texts["the heredoc"] = self.pyenv.inline
        return [name for name, text in texts.items() if _CREDENTIALS.search(text)]

    def reasons(self) -> list[str]:
        """Return why the lock does not fit; nothing if it does."""
        if self.before is None:
            return ["missing"]
        lock, reasons = compare(
            self.before,
            self.environment,
            self.requirements,
            platforms=self.target.platforms,
            libc=self.target.libc,
            base_known=self.base_known,
        )
        return [*reasons, *(changed_files(lock, self.path.parent) if lock else ())]


def changed_files(lock: Lock, folder: Path) -> Iterator[str]:
    """Say which files that a lock names by path are gone or are not the locked ones any more.

    Args:
        lock: the lock.
        folder: its folder.
    """
    for file in lock.files:
        if "path" in file:
            path = folder / file["path"]
            hashes = file.get("hashes") or {}
            if not path.exists():
                yield f"{file['path']} is gone"
            elif path.is_file() and any(digest != _hash_of(path, name) for name, digest in hashes.items()):
                yield f"{file['path']} changed"


def _hash_of(path: Path, name: str) -> str:
    from hashlib import file_digest  # noqa: PLC0415 - few locks name files

    with path.open("rb") as file:
        return file_digest(file, name).hexdigest()


def plan_lock(
    environment: Environment, context: BuildContext, target: LockTarget, root: Path, *, base_known: bool = True
) -> LockJob:
    """Gather what the lock of an environment is made from.

    Args:
        environment: the instruction and its stage's state.
        context: the build context.
        target: what to lock for.
        root: the folder of the build context, where builds look for locks.
        base_known: whether every variable of the base image is known.

    Raises:
        UserError: its requirements cannot be read.
    """
    pyenv = environment.pyenv
    requirements = resolve_inputs(pyenv, context)
    path = root / lock_path(pyenv)
    return LockJob(
        environment=environment,
        requirements=requirements,
        target=target,
        inputs=lock_inputs(environment, requirements),
        root=root,
        path=path,
        base_known=base_known,
        before=path.read_bytes() if path.is_file() else None,
    )
