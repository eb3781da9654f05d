"""Which environments of a Dockerfile `pyenv-frontend lock` locks, and for what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from pyenv_frontend.errors import UsageError, UserError, nearest
from pyenv_frontend.lock.choice import can_be_locked, lock_path
from pyenv_frontend.lock.fit import older_libc
from pyenv_frontend.lock.inputs import assumed_variables, differences
from pyenv_frontend.lock.locker import plan_lock
from pyenv_frontend.lock.lockfile import MACHINES, LockTarget
from pyenv_frontend.positions import Location, Span
from pyenv_frontend.pyenv.names import is_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyenv_frontend.cli.base_options import BaseOptions
    from pyenv_frontend.cli.common import CommonOptions
    from pyenv_frontend.expansion.base_image import Base
    from pyenv_frontend.lock.locker import LockJob
    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_frontend.stages.program import Program, Stage

__all__ = ["all_platforms", "lock_jobs", "read_platforms", "read_program"]

_DEFAULT_LIBC: Final = "glibc 2.36"
"""That of Debian 12, on which Airflow's and Python's images are based."""

_PLATFORMS: Final = tuple(sorted(MACHINES))
"""What is locked for unless `--platform` says otherwise."""


def read_program(
    options: CommonOptions, base: BaseOptions, names: Sequence[str], *, platforms: Sequence[str], upgrade: bool
) -> tuple[Program, frozenset[str]]:
    """Read the Dockerfile, with the variables of the first platform, and check the names of environments.

    Args:
        options: how it is read.
        base: what is known of the base images.
        names: the environments that are named.
        platforms: those of `--platform`.
        upgrade: whether there is an `--upgrade` without a package.

    Returns:
        The Dockerfile, and the base images whose variables are not all known.

    Raises:
        UsageError: there is no Dockerfile, or no PYENV with one of the names.
        UserError: the Dockerfile has an error.
    """
    for name in names:
        if not is_name(name):
            raise UsageError(f"{name} cannot be the name of an environment{_hint_at_file(name)}")
    program, unknown = _read(options, base, (platforms or _PLATFORMS)[0])
    _check_names(names, program, upgrade=upgrade)
    return program, unknown


def _read(options: CommonOptions, base: BaseOptions, platform: str) -> tuple[Program, frozenset[str]]:
    """Read the Dockerfile; an engine is asked for variables of the base images only if one of them may matter."""
    settings = replace(options.settings, target_platform=platform)
    options = replace(options, settings=settings).for_target
    document = options.read_document()
    unknown: set[str] = set()

    def variables(reference: str, of_platform: str | None) -> Mapping[str, str]:
        try:
            return _facts(base, reference, of_platform, options, Location(document.file, Span(0, 0))).env
        except UserError:
            unknown.add(reference)
            return options.base_env

    first: UserError | None = None
    try:
        program = options.read_program(document)
        assumed = list(dict.fromkeys(name for one in program.environments for name in assumed_variables(one)))
        if base.enough or not assumed:
            return program, frozenset(stage.root for stage in program.stages)
    except UserError as error:
        if base.enough:
            raise
        first = error
    try:
        program = options.read_program(document, base_variables=variables)
    except UserError as error:
        raise first if first and unknown else error from None
    if first is None and unknown:
        click.echo(
            f"note: no engine knows {', '.join(sorted(unknown))}, which may set {', '.join(assumed)}; "
            "if it does, say --base-env NAME=VALUE",
            err=True,
        )
    return program, frozenset(unknown)


def _check_names(names: Sequence[str], program: Program, *, upgrade: bool) -> None:
    known = [environment.pyenv.name.text for environment in program.environments]
    for name in names:
        if name not in known:
            close = nearest(name, known)
            hint = f"; did you mean {close}?" if close else f"; there are only {', '.join(known)}" if known else ""
            hint += f"; to upgrade that package, write --upgrade={name}" if upgrade else ""
            hint = _hint_at_file(name) or hint
            raise UsageError(f"no PYENV in {program.document.file.name} is called {name}{hint}")


def _hint_at_file(name: str) -> str:
    """Return what to do with a word that is a file rather than an environment."""
    is_file = Path(name).name != name or Path(name).is_file()
    return f"; to name a Dockerfile, write --file={name}" if is_file else ""


def lock_jobs(  # noqa: PLR0913 - the options that matter
    program: Program,
    options: CommonOptions,
    base: BaseOptions,
    names: Sequence[str],
    *,
    unknown: frozenset[str],
    platforms: tuple[str, ...],
    offline: bool,
) -> list[LockJob]:
    """Return what to lock: one job for each lock, which environments may share.

    Offline, no engine is asked for facts that the options leave out, and these are not compared.
    """
    if not (platforms or offline):
        platforms = _PLATFORMS
    jobs: dict[str, LockJob] = {}  # by the file of the lock
    libcs: dict[str, str] = {}
    pyenvs = [environment.pyenv for environment in program.environments]
    # One lock for several environments has to fit all of them, whichever is named.
    named = {lock_path(pyenv) for pyenv in pyenvs if pyenv.name.text in names}
    for stage in program.stages:
        for environment in stage.environments:
            pyenv = environment.pyenv
            name = pyenv.name.text
            if not can_be_locked(pyenv):
                if name in names:
                    click.echo(f"note: {name} has nothing to lock: {_reason_against(pyenv)}", err=True)
                continue
            if name not in names and (pyenv.options.lock == "off" or (names and lock_path(pyenv) not in named)):
                continue
            if stage.root not in libcs:
                libcs[stage.root] = "" if offline and not base.enough else _libc(stage, base, options)
            target = LockTarget(python=pyenv.version.text, libc=libcs[stage.root], platforms=platforms)
            base_known = stage.root not in unknown
            job = plan_lock(environment, options.context, target, options.context.root, base_known=base_known)
            jobs[job.file] = _shared(jobs[job.file], job) if job.file in jobs else job
    return [*jobs.values()]


def _reason_against(pyenv: Pyenv) -> str:
    if pyenv.onbuild:
        return "it is a trigger (ONBUILD)"
    return "it has no requirements" if pyenv.bare else "its requirements are a lock"


def _libc(stage: Stage, base: BaseOptions, options: CommonOptions) -> str:
    """Return the C library of a stage's base image: from the options, from an engine, or the usual one."""
    place = stage.instruction.arguments.location
    if base.enough and stage.root != "scratch":
        return base.stated_libc().name
    try:
        libc = _facts(base, stage.root, stage.root_platform, options, place).libc
    except UserError:
        click.echo(
            f"note: {stage.root}: no engine knows this image, so it is locked for {_DEFAULT_LIBC} (Debian 12); "
            "if it has another C library, say --base-libc VERSION",
            err=True,
        )
        return _DEFAULT_LIBC
    return _DEFAULT_LIBC if libc is None else libc.name


def _facts(base: BaseOptions, image: str, platform: str | None, options: CommonOptions, place: Location) -> Base:
    # Not needed where the options say enough, as those of a check do.
    from pyenv_frontend.cli.base_facts import base_facts  # noqa: PLC0415

    return base_facts(base, image, platform, options.base_env, place)


def _shared(one: LockJob, other: LockJob) -> LockJob:
    """Return the job for a lock that two environments share: for the older of their C libraries."""
    reasons = differences(one.inputs, other.inputs)
    libc = older_libc(one.target.libc, other.target.libc)
    if libc is not None and not reasons:
        known = one.base_known and other.base_known
        return replace(other, target=replace(other.target, libc=libc), base_known=known, sharing=one.names)
    if not reasons:
        reasons = [f"one is for {one.target.libc}, the other for {other.target.libc}"]
    raise UserError(
        f"{one.file} cannot be the lock of two PYENVs that ask for different packages: {', '.join(reasons)}",
        *(Location(job.pyenv.instruction.file, job.pyenv.name.span) for job in (other, one)),
        hint="give one of them another name, or another lock with --lock=FILE",
    )


def all_platforms(jobs: Sequence[LockJob]) -> str:
    """Return the platforms that locks are for or should be for, as the value of `--platform`; empty: the usual ones."""
    platforms = {platform for job in jobs for platform in (*job.target.platforms, *job.platforms_before)}
    return "" if platforms in ({*_PLATFORMS}, set()) else ",".join(sorted(platforms))


def read_platforms(text: str) -> tuple[str, ...]:
    """Read platforms as Docker takes them, separated by commas."""
    words = [word.strip().removesuffix("/v8") for word in text.split(",") if word.strip()]
    for word in words:
        if word not in MACHINES:
            close = nearest(word, [*MACHINES])
            hint = f"; did you mean {close}?" if close else ""
            raise UsageError(f"--platform {word}: locks are for {' and '.join(MACHINES)}{hint}")
    return tuple(sorted(set(words)))
