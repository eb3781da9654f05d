"""Whether an environment is installed from its lock: decided from files of the build context alone, with no network.

Pure. A build, `pyenv-frontend local` and `check` all ask here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyenv_frontend.errors import UserError
from pyenv_frontend.inputs.build_context import NotInContextError
from pyenv_frontend.inputs.resolve import resolve_inputs
from pyenv_frontend.positions import Location
from pyenv_frontend.pyenv.instruction import RequirementsFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenv_frontend.expansion.base_image import Libc
    from pyenv_frontend.inputs.build_context import BuildContext
    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.lock.lockfile import Lock
    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_frontend.stages.program import Program, Stage

__all__ = ["InstallPlan", "can_be_locked", "lock_name", "plan_install", "plan_program"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallPlan:
    """What one environment is installed from."""

    pyenv: Pyenv
    """The instruction; where its lock is taken, with the lock as its only requirement."""

    requirements: RequirementInputs
    """What that refers to."""

    lock: Lock | None = None
    """The lock that is taken."""

    path: str = ""
    """The file of that lock in the build context."""


def lock_name(name: str) -> str:
    """Return the file name of the lock of the environment `name`."""
    return f"pylock.{name}.toml"


def can_be_locked(pyenv: Pyenv) -> bool:
    """Return whether a lock makes sense: there are requirements, known here, and none of them is a lock already."""
    return not (pyenv.bare or pyenv.onbuild or any(file.kind == "pylock" for file in pyenv.requirements))


def plan_install(
    pyenv: Pyenv, context: BuildContext, *, platform: str | None = None, libc: Libc | None = None
) -> InstallPlan:
    """Take the lock of an environment, if it has one that fits.

    Args:
        pyenv: the instruction.
        context: the build context.
        platform: the platform that is built for, or None where it does not matter.
        libc: the C library of the base image, or None where it is not known.

    Raises:
        UserError: the requirements cannot be read; or `--lock` asks for a lock that is missing or does not fit.
    """
    requirements = resolve_inputs(pyenv, context)
    if pyenv.options.lock == "off" or not can_be_locked(pyenv):
        return InstallPlan(pyenv=pyenv, requirements=requirements)
    path = lock_name(pyenv.name.text) if pyenv.options.lock in {"", "require"} else pyenv.options.lock
    try:
        data = context.read(path)
    except NotInContextError:
        if pyenv.options.lock:
            raise _missing(pyenv, path, ignored_by=context.ignored_by(path)) from None
        return InstallPlan(pyenv=pyenv, requirements=requirements)
    lock, reasons = _fit(data, pyenv, requirements, platform, libc)
    if lock is not None:
        locked = _with_lock(pyenv, path)
        return InstallPlan(pyenv=locked, requirements=resolve_inputs(locked, context), lock=lock, path=path)
    if pyenv.options.lock == "require":
        raise UserError(
            f"the lock {path} does not fit: {', '.join(reasons)}",
            _option_location(pyenv),
            hint=f"run pyenv-frontend lock {pyenv.name.text}",
        )
    requirements = replace(requirements, stale_lock=f"{path} ({', '.join(reasons)})")
    return InstallPlan(pyenv=pyenv, requirements=requirements)


def plan_program(
    program: Program,
    context: BuildContext,
    *,
    platform: str | None = None,
    libc_of: Callable[[Stage], Libc | None] = lambda _stage: None,
) -> tuple[Program, tuple[InstallPlan, ...]]:
    """Plan the installs of a whole Dockerfile.

    Args:
        program: the Dockerfile.
        context: the build context.
        platform: the platform that is built for, where a stage does not name its own; None where it does not matter.
        libc_of: gives the C library of a stage's base image, or None.

    Returns:
        The Dockerfile with locks in place of what they were made from, and a plan for each PYENV in order.

    Raises:
        UserError: see `plan_install`.
    """
    plans: list[InstallPlan] = []
    stages = []
    for stage in program.stages:
        built_for = (stage.root_platform or platform) if platform is not None else None
        of_stage = [
            plan_install(environment.pyenv, context, platform=built_for, libc=libc_of(stage))
            for environment in stage.environments
        ]
        environments = zip(stage.environments, of_stage, strict=True)
        replaced = tuple(replace(environment, pyenv=plan.pyenv) for environment, plan in environments)
        stages.append(replace(stage, environments=replaced))
        plans += of_stage
    return replace(program, stages=tuple(stages)), tuple(plans)


def _fit(
    data: bytes, pyenv: Pyenv, requirements: RequirementInputs, platform: str | None, libc: Libc | None
) -> tuple[Lock | None, list[str]]:
    """Return the lock if it fits, or else the reasons why it does not."""
    # Loaded where there is a lock: the start of every build would wait for it.
    from pyenv_frontend.lock.inputs import changes, lock_inputs  # noqa: PLC0415
    from pyenv_frontend.lock.lockfile import LockFormatError, read_lock_file  # noqa: PLC0415

    try:
        lock = read_lock_file(data)
    except LockFormatError as error:
        return None, [str(error)]
    reasons = changes(lock.inputs, lock_inputs(pyenv, requirements))
    if platform is not None and platform.removesuffix("/v8") not in lock.target.platforms:
        reasons.append(f"it is not for {platform}")
    reasons += _libc_reasons(lock.target.libc, libc)
    return (None, reasons) if reasons else (lock, [])


def _libc_reasons(locked: str, libc: Libc | None) -> list[str]:
    """Compare C libraries: a wheel for an older glibc runs with a newer one, and never the other way round."""
    if libc is None:
        return []
    name = "musl" if libc.kind == "musl" else "glibc {}.{}".format(*libc.version)
    if locked.startswith("glibc ") and libc.kind == "glibc":
        fits = tuple(map(int, locked.removeprefix("glibc ").split("."))) <= libc.version
    else:
        fits = locked == name
    return [] if fits else [f"it is for {locked}, and the base image has {name}"]


def _with_lock(pyenv: Pyenv, path: str) -> Pyenv:
    """Return the PYENV with its lock in place of what the lock was made from."""
    decided = {"constraint", "extra", "group"}
    options = replace(
        pyenv.options,
        constraints=(),
        extras=(),
        groups=(),
        spans=tuple((name, span) for name, span in pyenv.options.spans if name not in decided),
    )
    lock = RequirementsFile(path=path, kind="pylock", span=pyenv.name.span)
    return replace(pyenv, requirements=(lock,), inline=None, options=options)


def _missing(pyenv: Pyenv, path: str, *, ignored_by: str) -> UserError:
    reason = f"is left out by {ignored_by}" if ignored_by else "is not in the build context"
    hint = f"add the line !{path} to {ignored_by}" if ignored_by else f"run pyenv-frontend lock {pyenv.name.text}"
    return UserError(f"the lock {path} {reason}", _option_location(pyenv), hint=hint)


def _option_location(pyenv: Pyenv) -> Location:
    return Location(pyenv.instruction.file, pyenv.options.span("lock") or pyenv.name.span)
