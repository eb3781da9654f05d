"""Resolve environments and write their locks. A check of locks does without this module, and so starts faster."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tomli_w

from pyenv_frontend.errors import UserError
from pyenv_frontend.lock.choice import foreign_remedy, lock_location
from pyenv_frontend.lock.lockfile import Lock, as_document
from pyenv_frontend.lock.resolver import ResolverError
from pyenv_frontend.lock.settings import check_indexes
from pyenv_frontend.positions import Location
from pyenv_image.failure import StepError

if TYPE_CHECKING:
    from pyenv_frontend.lock.locker import LockJob
    from pyenv_frontend.lock.resolver import Resolver

__all__ = ["LockResult", "lock_environment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockResult:
    """The result for one lock."""

    state: Literal["written", "unchanged"]
    packages: int
    only_wheels: bool
    file_elsewhere: str
    """See `Lock.file_elsewhere`."""


def lock_environment(job: LockJob, resolver: Resolver) -> LockResult:
    """Resolve an environment and write its lock atomically: an interrupted run leaves the file unchanged.

    Raises:
        UserError: its requirements have no solution, or the file cannot be written; the error points at the PYENV.
    """
    place = _checked_place(job)
    try:
        check_indexes(job.pyenv)
        packages = resolver.resolve(job.pyenv, job.requirements, job.target, job.before, job.environment.state.env)
    except StepError as error:
        raise UserError(str(error), Location(job.pyenv.instruction.file, job.pyenv.name.span)) from error
    except ResolverError as error:
        raise UserError(
            f"the requirements of {job.name} cannot be resolved for Python {job.target.python}",
            Location(job.pyenv.instruction.file, job.pyenv.name.span),
            expected=error.explanation,
        ) from error
    dropped = resolver.wishes.dropped(job.before, packages)
    if dropped:
        raise UserError(
            f"--upgrade={dropped}: with that version, {job.name} would do without {dropped.name}, by other versions of "
            "other packages",
            lock_location(job.pyenv),
            hint=f"choose a version of {dropped.name} that exists and goes with them; the lock is as it was",
        )
    lock = Lock(target=job.target, inputs=job.inputs, packages=packages)
    content = tomli_w.dumps(as_document(lock)).encode("utf-8")
    if content != job.before:
        try:
            _replace(place, content)
        except OSError as error:
            raise UserError(
                f"the lock {job.file} cannot be written: {error.strerror}", lock_location(job.pyenv)
            ) from error
    state: Literal["written", "unchanged"] = "unchanged" if content == job.before else "written"
    return LockResult(
        state=state,
        packages=len(packages),
        only_wheels=lock.only_wheels,
        file_elsewhere=lock.file_elsewhere,
    )


def _checked_place(job: LockJob) -> Path:
    """Return where the lock of an environment is written: a link of the build context is followed within it.

    Raises:
        UserError: there is another file, or the link leads out of the build context.
    """
    place = job.path.resolve()
    if not place.is_relative_to(job.root.resolve()):
        raise UserError(
            f"the lock {job.file} is a link to {place}, outside of the build context",
            lock_location(job.pyenv),
            hint="remove the link: a build has what lies in its context",
        )
    if job.is_foreign:
        raise UserError(
            f"{job.file} is not a lock of pyenv-frontend, and is not overwritten",
            lock_location(job.pyenv),
            hint=f"{foreign_remedy(job.pyenv)}, or name another file for the lock with --lock=FILE",
        )
    return place


def _replace(path: Path, content: bytes) -> None:
    """Write a file atomically: write it beside the old one, and rename it. A link to it stays one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).chmod(path.stat().st_mode & 0o7777 if path.exists() else 0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
