"""Decide whether an environment is installed from its lock, by the files of the build context and without a network.

Pure. Used by builds, `pyenv-frontend local` and `check`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyenv_frontend.errors import UserError
from pyenv_frontend.inputs.build_context import NotInContextError, UnreadableFileError
from pyenv_frontend.inputs.resolve import resolve_inputs
from pyenv_frontend.positions import Location
from pyenv_frontend.pyenv.instruction import RequirementsFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenv_frontend.expansion.libc import Libc
    from pyenv_frontend.inputs.build_context import BuildContext
    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.lock.lockfile import Lock
    from pyenv_frontend.lock.named_lock import NamedLock
    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_frontend.stages.program import Environment, Program, Stage

__all__ = [
    "InstallPlan",
    "can_be_locked",
    "foreign_remedy",
    "lock_location",
    "lock_name",
    "lock_path",
    "plan_install",
    "plan_program",
    "requirement_inputs",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallPlan:
    """The source that one environment is installed from: its requirements or its lock."""

    pyenv: Pyenv
    """The instruction; if its lock is used, with the lock as its only requirement."""

    requirements: RequirementInputs
    """The files that it refers to."""

    lock: Lock | None = None
    """The lock that is used."""

    named_lock: NamedLock | None = None
    """What this platform takes of a `pylock.toml` that is the only requirement."""

    path: str = ""
    """The file of that lock in the build context."""


def lock_name(name: str) -> str:
    """Return the file name of the lock of the environment `name`."""
    return f"pylock.{name}.toml"


def lock_path(pyenv: Pyenv) -> str:
    """Return the file of the lock of a PYENV in the build context: that of `--lock`, or the one of its name."""
    return lock_name(pyenv.name.text) if pyenv.options.lock in {"", "require", "off"} else pyenv.options.lock


def can_be_locked(pyenv: Pyenv) -> bool:
    """Return whether a lock makes sense: there are requirements, they are known here, and none is a lock already."""
    return not (pyenv.bare or pyenv.onbuild or any(file.kind == "pylock" for file in pyenv.requirements))


def plan_install(
    environment: Environment,
    context: BuildContext,
    *,
    platform: str | None = None,
    libc: Libc | None = None,
    base_known: bool = True,
) -> InstallPlan:
    """Use the lock of an environment, if it has one that fits.

    Args:
        environment: the instruction and its stage's state.
        context: the build context.
        platform: the target platform, or None if it does not matter.
        libc: the C library of the base image, or None if it is not known.
        base_known: whether every variable of the base image is known.

    Raises:
        UserError: the requirements cannot be read; or `--lock` asks for a lock that is missing or does not fit.
    """
    pyenv = environment.pyenv
    requirements = resolve_inputs(pyenv, context)
    if pyenv.options.lock == "off" or not can_be_locked(pyenv):
        named_lock = _named_lock(pyenv, requirements, platform, libc)
        pyenv = _with_default_groups(pyenv, requirements)
        return InstallPlan(pyenv=pyenv, requirements=requirements, named_lock=named_lock)
    path = lock_path(pyenv)
    try:
        data = context.read(path)
    except NotInContextError as error:
        ignored_by = context.ignored_by(path)
        to_admit = f"add the line !{path} to {ignored_by}" if ignored_by else ""
        if pyenv.options.lock:
            raise _missing(pyenv, path, ignored_by, to_admit) from None
        stale = f"{path} (it is left out by {ignored_by})" if error.left_out else ""
        requirements = replace(requirements, stale_lock=stale, lock_remedy=to_admit, lock_to_admit=to_admit)
        return InstallPlan(pyenv=pyenv, requirements=requirements)
    except UnreadableFileError as error:
        message = f"the lock {path} {error}"
        hint = "write the lock again, or leave it aside (--lock=off)"
        raise UserError(message, lock_location(pyenv), hint=hint) from None
    # Imported only if there is a lock: the start of every build would wait for it.
    from pyenv_frontend.lock.fit import compare  # noqa: PLC0415
    from pyenv_frontend.lock.lockfile import is_ours  # noqa: PLC0415

    platforms = () if platform is None else (platform.removesuffix("/v8"),)
    known = "" if libc is None else libc.name
    lock, reasons = compare(data, environment, requirements, platforms=platforms, libc=known, base_known=base_known)
    if lock is not None and not reasons:
        locked = _with_lock(pyenv, path)
        return InstallPlan(pyenv=locked, requirements=resolve_inputs(locked, context), lock=lock, path=path)
    remedy = f"run pyenv-frontend lock {pyenv.name.text}" if is_ours(data) else foreign_remedy(pyenv)
    if pyenv.options.lock == "require":
        message = f"the lock {path} does not fit: {', '.join(reasons)}"
        raise UserError(message, lock_location(pyenv), hint=remedy)
    requirements = replace(requirements, stale_lock=f"{path} ({', '.join(reasons)})", lock_remedy=remedy)
    return InstallPlan(pyenv=pyenv, requirements=requirements)


def foreign_remedy(pyenv: Pyenv) -> str:
    """Return what to do with a lock of another tool that has the name of a PYENV's lock."""
    path = lock_path(pyenv)
    return f"name it in the PYENV (PYENV {pyenv.version.text} {pyenv.name.text} {path}), or move it away"


def _named_lock(
    pyenv: Pyenv, requirements: RequirementInputs, platform: str | None, libc: Libc | None
) -> NamedLock | None:
    """Read the lock that a PYENV names, if that decides on every package."""
    others = pyenv.inline is not None or pyenv.options.constraints or len(pyenv.requirements) != 1
    if platform is None:
        return None
    _check_named_locks(pyenv, requirements, platform, libc)
    if pyenv.onbuild or others or pyenv.requirements[0].kind != "pylock":
        return None
    from pyenv_frontend.lock.named_lock import read_named_lock  # noqa: PLC0415 - few PYENVs name a lock

    data = requirements.contents[pyenv.requirements[0].path].data
    return read_named_lock(data, pyenv.version, platform, libc)


def _check_named_locks(pyenv: Pyenv, requirements: RequirementInputs, platform: str | None, libc: Libc | None) -> None:
    """Refuse a lock that a PYENV names and that is for another Python, or has nothing to install of a package.

    Args:
        pyenv: the instruction.
        requirements: its requirements.
        platform: the platform; None: on none of all there is something to install.
        libc: the C library of the base image, or None if it is not known.

    Raises:
        UserError: there is such a lock.
    """
    locks = [file for file in pyenv.requirements if file.kind == "pylock" and file.path in requirements.contents]
    if not locks:
        return
    from pyenv_frontend.lock.lockfile import MACHINES  # noqa: PLC0415 - few PYENVs name a lock
    from pyenv_frontend.lock.named_lock import other_python, without_wheel  # noqa: PLC0415 - the same

    for file in locks:
        versions = other_python(requirements.contents[file.path].data, pyenv.version)
        if versions:
            raise UserError(
                f"{file.path} is for Python {versions}, and the PYENV has {pyenv.version.text}",
                Location(pyenv.instruction.file, file.span),
                hint="make that lock for this Python, or name its requirements instead",
            )
    if pyenv.options.from_:  # whose interpreter may be none of CPython's
        return
    for file in locks:
        data = requirements.contents[file.path].data
        package = without_wheel(data, pyenv.version, [*MACHINES] if platform is None else [platform], libc)
        if package:
            target = f"{platform or 'Linux'}{f' with {libc.name}' if libc else ''}"
            raise UserError(
                f"{file.path} has no wheel of {package} for Python {pyenv.version.text} on {target}",
                Location(pyenv.instruction.file, file.span),
                hint="make that lock for this Python and platform, or name its requirements instead",
            )


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
        platform: the target platform of stages that do not name their own; None if it does not matter.
        libc_of: returns the C library of a stage's base image, or None.

    Returns:
        The Dockerfile with locks in place of their inputs, and a plan for each PYENV in order.

    Raises:
        UserError: see `plan_install`.
    """
    plans: list[InstallPlan] = []
    stages = []
    for stage in program.stages:
        built_for = (stage.root_platform or platform) if platform is not None else None
        of_stage = [
            plan_install(environment, context, platform=built_for, libc=libc_of(stage))
            for environment in stage.environments
        ]
        environments = zip(stage.environments, of_stage, strict=True)
        replaced = tuple(replace(environment, pyenv=plan.pyenv) for environment, plan in environments)
        stages.append(replace(stage, environments=replaced))
        plans += of_stage
    return replace(program, stages=tuple(stages)), tuple(plans)


def requirement_inputs(
    program: Program, context: BuildContext, *, report: Callable[[UserError], None], base_known: bool = True
) -> list[RequirementInputs | None]:
    """Resolve what each PYENV refers to; None, after a report, if that fails.

    Args:
        program: the Dockerfile.
        context: the build context.
        report: receives the error of each PYENV that has one.
        base_known: whether every variable of the base images is known; if not, no lock is stale because of one.
    """
    inputs: list[RequirementInputs | None] = []
    for environment in program.environments:
        try:
            plan = plan_install(environment, context, base_known=base_known)
            _check_named_locks(environment.pyenv, plan.requirements, None, None)
            inputs.append(plan.requirements)
        except UserError as error:
            report(error)
            inputs.append(None)
    return inputs


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


def _with_default_groups(pyenv: Pyenv, requirements: RequirementInputs) -> Pyenv:
    """Return a PYENV with the default groups of the lock that it names, which installers drop beside another group."""
    groups = pyenv.options.groups
    if not (groups and requirements.default_groups) or any(file.kind != "pylock" for file in pyenv.requirements):
        return pyenv
    every = tuple(dict.fromkeys((*requirements.default_groups, *groups)))
    return replace(pyenv, options=replace(pyenv.options, groups=every))


def _missing(pyenv: Pyenv, path: str, ignored_by: str, to_admit: str) -> UserError:
    reason = f"is left out by {ignored_by}" if ignored_by else "is not in the build context"
    hint = to_admit or f"run pyenv-frontend lock {pyenv.name.text}"
    return UserError(f"the lock {path} {reason}", lock_location(pyenv), hint=hint)


def lock_location(pyenv: Pyenv) -> Location:
    """Return where an error about the lock of a PYENV points."""
    return Location(pyenv.instruction.file, pyenv.options.span("lock") or pyenv.name.span)
