"""Which environments of a Dockerfile are locked, whether their locks still fit, and making them again."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tomli_w

from pyenv_frontend.errors import UserError
from pyenv_frontend.inputs.resolve import resolve_inputs
from pyenv_frontend.lock.choice import lock_name
from pyenv_frontend.lock.inputs import changes, lock_inputs
from pyenv_frontend.lock.lockfile import Lock, LockFormatError, as_document, read_lock_file
from pyenv_frontend.lock.resolver import ResolverError
from pyenv_frontend.positions import Location

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenv_frontend.inputs.build_context import BuildContext
    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.lock.lockfile import LockTarget
    from pyenv_frontend.lock.resolver import Resolver
    from pyenv_frontend.pyenv.instruction import Pyenv

__all__ = ["LockJob", "LockResult", "lock_environment", "plan_lock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockJob:
    """One environment, and the lock that it has."""

    pyenv: Pyenv
    requirements: RequirementInputs
    target: LockTarget
    inputs: Mapping[str, str]
    path: Path
    """Where its lock lies."""

    before: bytes | None
    """The file as it is; None if there is none."""

    stale: tuple[str, ...]
    """Why it does not fit any longer; empty if it does."""

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.pyenv.name.text


@dataclass(frozen=True, slots=True, kw_only=True)
class LockResult:
    """What became of one lock."""

    state: Literal["written", "unchanged"]
    packages: int
    only_wheels: bool


def plan_lock(pyenv: Pyenv, context: BuildContext, target: LockTarget, folder: Path) -> LockJob:
    """Compare the inputs of an environment with those in its lock.

    Args:
        pyenv: the instruction.
        context: the build context.
        target: what it is to be locked for.
        folder: where locks lie.

    Raises:
        UserError: its requirements cannot be read.
    """
    requirements = resolve_inputs(pyenv, context)
    inputs = lock_inputs(pyenv, requirements)
    path = folder / lock_name(pyenv.name.text)
    before = path.read_bytes() if path.is_file() else None
    return LockJob(
        pyenv=pyenv,
        requirements=requirements,
        target=target,
        inputs=inputs,
        path=path,
        before=before,
        stale=tuple(_reasons(before, inputs, target)),
    )


def _reasons(before: bytes | None, inputs: Mapping[str, str], target: LockTarget) -> list[str]:
    if before is None:
        return ["missing"]
    try:
        lock = read_lock_file(before)
    except LockFormatError as error:
        return [str(error)]
    reasons = changes(lock.inputs, inputs)
    if target.libc and lock.target.libc != target.libc:
        reasons.append(f"{lock.target.libc} became {target.libc}")
    reasons += [f"{platform} is new" for platform in target.platforms if platform not in lock.target.platforms]
    return reasons


def lock_environment(job: LockJob, resolver: Resolver) -> LockResult:
    """Resolve an environment and write its lock, in one step: a run that is stopped leaves the file as it was.

    Raises:
        UserError: its requirements have no solution; the error points at the PYENV.
    """
    try:
        packages = resolver.resolve(job.pyenv, job.requirements, job.target, job.before)
    except ResolverError as error:
        raise UserError(
            f"the requirements of {job.name} cannot be resolved for Python {job.target.python}",
            Location(job.pyenv.instruction.file, job.pyenv.name.span),
            expected=f"versions that go together; the installer says:\n{error}",
        ) from error
    lock = Lock(target=job.target, inputs=job.inputs, packages=packages)
    content = tomli_w.dumps(as_document(lock)).encode("utf-8")
    if content != job.before:
        _replace(job.path, content)
    state: Literal["written", "unchanged"] = "unchanged" if content == job.before else "written"
    return LockResult(state=state, packages=len(packages), only_wheels=lock.only_wheels)


def _replace(path: Path, content: bytes) -> None:
    """Write a file beside another and put it in that one's place."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).chmod(path.stat().st_mode & 0o7777 if path.exists() else 0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
