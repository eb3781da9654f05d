"""`pyenv-frontend lock`: a lock file for each environment, for its own Python and platforms."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pyenv_frontend.cli.base_options import BaseOptions, base_options
from pyenv_frontend.cli.common import context_of, read_dockerfile, settings_of
from pyenv_frontend.errors import UsageError, UserError, near
from pyenv_frontend.lock.locker import can_be_locked, lock_environment, plan_lock
from pyenv_frontend.lock.lockfile import MACHINES, LockTarget
from pyenv_frontend.positions import Location
from pyenv_frontend.stages.analyze import read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyenv_frontend.lock.locker import LockJob, LockResult
    from pyenv_frontend.lock.resolver import Resolver
    from pyenv_frontend.stages.program import Program, Stage

__all__ = ["lock"]

_DEFAULT_LIBC: Final = "glibc 2.36"
"""That of Debian 12, which Airflow's and Python's images are built on."""


class _Command(click.Command):
    """Reads `--upgrade` alone, too: the word behind it is a name and no value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give an `--upgrade` without a value an empty one."""
        return super().parse_args(ctx, ["--upgrade=" if word == "--upgrade" else word for word in args])


@click.command(cls=_Command)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("-f", "--file", "dockerfile", default="Dockerfile", metavar="FILE", help="The Dockerfile.")
@click.option(
    "--context", type=click.Path(file_okay=False), help="The build context.  [default: the Dockerfile's folder]"
)
@click.option("--build-arg", multiple=True, metavar="K=V", help="As of docker build. May be repeated.")
@click.option("--upgrade", multiple=True, metavar="[PACKAGE]", help="Take newer versions: of PACKAGE, or of all.")
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    metavar="OS/ARCH",
    help=f"Platform that is locked for. May be repeated.  [default: {', '.join(MACHINES)}]",
)
@click.option("--exclude-newer", metavar="DATE", default="", help="Leave out what was uploaded after DATE.")
@click.option("--check", is_flag=True, help="Only say which locks do not fit any longer; exit code 1 if any. Offline.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Of what --check prints.")
@base_options
@click.option("--base-env", multiple=True, metavar="K=V", help="ENV of the base image. May be repeated.")
def lock(names: tuple[str, ...], dockerfile: str, form: str, *, check: bool, **options: Any) -> int:
    """Write pylock.NAME.toml for each PYENV of a Dockerfile: its packages, for its Python and platforms, with hashes.

    Builds and `pyenv-frontend local` take a lock that fits. Versions stay as they are until --upgrade, or until a
    requirement asks for others.
    """
    jobs = _plan(names, dockerfile, options, offline=check)
    if check:
        return _check(jobs, form)
    return _lock(jobs, _resolver(dockerfile, options))


def _plan(names: Sequence[str], dockerfile: str, options: dict[str, Any], *, offline: bool) -> list[LockJob]:
    bases = BaseOptions.of(options)
    settings = settings_of(options["build_arg"], "", None)
    program = read(read_dockerfile(dockerfile), settings, base_variables=lambda *_: bases.env)
    context = context_of(options["context"], dockerfile)
    folder = Path.cwd() if dockerfile == "-" else Path(dockerfile).parent
    platforms = _platforms(options["platforms"]) or (() if offline else tuple(sorted(MACHINES)))
    _check_names(names, program)
    jobs: dict[str, LockJob] = {}
    libcs: dict[str, str] = {}
    for stage in program.stages:
        for pyenv in (environment.pyenv for environment in stage.environments if can_be_locked(environment.pyenv)):
            name = pyenv.name.text
            if names and name not in names:
                continue
            if stage.root not in libcs:
                libcs[stage.root] = _libc(stage, bases, offline=offline)
            target = LockTarget(python=pyenv.version.text, libc=libcs[stage.root], platforms=platforms)
            job = plan_lock(pyenv, context, target, folder)
            if name in jobs and jobs[name].inputs != job.inputs:
                raise _ambiguous(jobs[name], job)
            jobs[name] = job
    return [*jobs.values()]


def _libc(stage: Stage, bases: BaseOptions, *, offline: bool) -> str:
    """Return the C library of a stage's base image: as the options say, as an engine does, or the usual one.

    Offline nobody is asked, and what the options leave out is left open: an empty text.
    """
    if offline and not bases.enough:
        return ""
    try:
        base = bases.base(stage.root, stage.root_platform, stage.instruction.arguments.location)
    except UserError:
        click.echo(
            f"note: {stage.root}: no engine knows this image, so it is locked for {_DEFAULT_LIBC} (Debian 12); "
            "if it has another C library, say --base-libc VERSION",
            err=True,
        )
        return _DEFAULT_LIBC
    if base.libc is None:
        return _DEFAULT_LIBC
    return "musl" if base.libc.kind == "musl" else "glibc {}.{}".format(*base.libc.version)


def _platforms(values: Sequence[str]) -> tuple[str, ...]:
    words = [word.strip() for value in values for word in value.split(",")]
    for word in words:
        if word not in MACHINES:
            meant = near(word, [*MACHINES])
            hint = f"; did you mean {meant}?" if meant else ""
            raise UsageError(f"--platform {word}: locks are for {' and '.join(MACHINES)}{hint}")
    return tuple(sorted(set(words)))


def _check_names(names: Sequence[str], program: Program) -> None:
    known = [environment.pyenv.name.text for environment in program.environments]
    for name in names:
        if name not in known:
            meant = near(name, known)
            hint = f"; did you mean {meant}?" if meant else f"; there are {', '.join(known)}" if known else ""
            raise UsageError(f"no PYENV in {program.document.file.name} is called {name}{hint}")


def _ambiguous(one: LockJob, other: LockJob) -> UserError:
    return UserError(
        f"two PYENVs are called {one.name} and ask for different packages: {one.path.name} cannot be the lock of both",
        *(Location(job.pyenv.instruction.file, job.pyenv.name.span) for job in (other, one)),
        hint="give one of them another name",
    )


def _resolver(dockerfile: str, options: dict[str, Any]) -> Resolver:
    # Offline checks need neither; both take a while to import.
    from pyenv_frontend.local.find_uv import find_uv  # noqa: PLC0415
    from pyenv_frontend.lock.resolver import Resolver, Wishes  # noqa: PLC0415

    upgrade: tuple[str, ...] = options["upgrade"]
    wishes = Wishes(
        upgrade="" in upgrade,
        upgrade_packages=tuple(name for name in upgrade if name),
        exclude_newer=options["exclude_newer"],
    )
    return Resolver(uv=find_uv(), context=context_of(options["context"], dockerfile).root, wishes=wishes)


def _lock(jobs: Sequence[LockJob], resolver: Resolver) -> int:
    """Lock side by side; one line for each when it is done, errors at the end."""
    if not jobs:
        click.echo("note: there is no PYENV with requirements to lock", err=True)
        return 0
    errors: list[UserError] = []
    started = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        futures = {pool.submit(lock_environment, job, resolver): job for job in jobs}
        for future in as_completed(futures):
            job = futures[future]
            try:
                click.echo(
                    f"{job.name}: {_summary(job, future.result())} ({time.monotonic() - started:.1f} s)", err=True
                )
            except UserError as error:
                click.echo(f"{job.name}: failed", err=True)
                errors.append(error)
    for problem in errors:
        click.echo(problem.format(), err=True)
    return int(bool(errors))


def _summary(job: LockJob, result: LockResult) -> str:
    packages = f"{result.packages} package{'s' * (result.packages != 1)}"
    built = "" if result.only_wheels else ", some of which have to be built"
    target = f"Python {job.target.python}, {job.target.libc}, {' and '.join(job.target.platforms)}"
    return f"{job.path.name} {result.state}: {packages} for {target}{built}"


def _check(jobs: Sequence[LockJob], form: str) -> int:
    if form == "json":
        locks = [
            {"name": job.name, "lock": job.path.name, "stale": bool(job.stale), "reasons": job.stale} for job in jobs
        ]
        click.echo(json.dumps({"locks": locks}, indent=2))
    else:
        for job in jobs:
            click.echo(
                f"{job.name}: {job.path.name} {'does not fit: ' + ', '.join(job.stale) if job.stale else 'fits'}"
            )
        stale = [job.name for job in jobs if job.stale]
        if stale:
            click.echo(f"hint: run pyenv-frontend lock {' '.join(stale)}", err=True)
    return int(any(job.stale for job in jobs))
