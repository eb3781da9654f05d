"""Lock environments: compare their inputs with their locks, and write new ones."""

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
from pyenv_frontend.lock.fit import compare
from pyenv_frontend.lock.inputs import lock_inputs
from pyenv_frontend.lock.lockfile import Lock, as_document
from pyenv_frontend.lock.resolver import ResolverError
from pyenv_frontend.positions import Location

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenv_frontend.inputs.build_context import BuildContext
    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.lock.lockfile import LockTarget
    from pyenv_frontend.lock.resolver import Resolver
    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_frontend.stages.program import Environment

__all__ = ["LockJob", "LockResult", "lock_environment", "plan_lock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockJob:
    """One environment, and its current lock."""

    pyenv: Pyenv
    variables: Mapping[str, str]
    """The variables that the Dockerfile sets at the PYENV."""

    requirements: RequirementInputs
    target: LockTarget
    inputs: Mapping[str, str]
    path: Path
    """The file of its lock."""

    before: bytes | None
    """The content of that file; None if there is none."""

    stale: tuple[str, ...]
    """Why it does not fit; empty if it does."""

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.pyenv.name.text


@dataclass(frozen=True, slots=True, kw_only=True)
class LockResult:
    """The result for one lock."""

    state: Literal["written", "unchanged"]
    packages: int
    only_wheels: bool


def plan_lock(environment: Environment, context: BuildContext, target: LockTarget, folder: Path) -> LockJob:
    """Compare the inputs of an environment with those in its lock.

    Args:
        environment: the instruction and its stage's state.
        context: the build context.
        target: what to lock for.
        folder: the folder of the locks.

    Raises:
        UserError: its requirements cannot be read.
    """
    pyenv = environment.pyenv
    requirements = resolve_inputs(pyenv, context)
    inputs = lock_inputs(pyenv, requirements)
    path = folder / lock_name(pyenv.name.text)
    before = path.read_bytes() if path.is_file() else None
    reasons = ["missing"]
    if before is not None:
        reasons = compare(before, pyenv, requirements, platforms=target.platforms, libc=target.libc)[1]
    return LockJob(
        pyenv=pyenv,
        variables=environment.state.env,
        requirements=requirements,
        target=target,
        inputs=inputs,
        path=path,
        before=before,
        stale=tuple(reasons),
    )


def lock_environment(job: LockJob, resolver: Resolver) -> LockResult:
    """Resolve an environment and write its lock atomically: an interrupted run leaves the file unchanged.

    Raises:
        UserError: its requirements have no solution; the error points at the PYENV.
    """
    try:
        packages = resolver.resolve(job.pyenv, job.requirements, job.target, job.before, job.variables)
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
    """Write a file atomically: write it beside the old one, and rename it."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).chmod(path.stat().st_mode & 0o7777 if path.exists() else 0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
