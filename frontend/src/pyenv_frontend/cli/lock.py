"""`pyenv-frontend lock`: a lock file for each environment, for its own Python and platforms."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from pyenv_frontend.cli.base_options import libc_options
from pyenv_frontend.cli.common import common_options_without_argument, is_written, not_allowed_with, only
from pyenv_frontend.cli.lock_jobs import all_platforms, lock_jobs, read_platforms, read_program
from pyenv_frontend.cli.terminal import show_error
from pyenv_frontend.errors import UsageError, UserError
from pyenv_frontend.lock.choice import foreign_remedy
from pyenv_frontend.lock.lockfile import LockFormatError, read_lock_file
from pyenv_frontend.lock.unused import unused_locks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pyenv_frontend.cli.base_options import BaseOptions
    from pyenv_frontend.cli.common import CommonOptions
    from pyenv_frontend.lock.locker import LockJob
    from pyenv_frontend.lock.resolver import Resolver
    from pyenv_frontend.lock.writer import LockResult
    from pyenv_frontend.pyenv.instruction import PythonVersion

__all__ = ["lock"]


class _Command(click.Command):
    """Also accepts `--upgrade` alone: the word after it is a name, not its value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Add an empty value to an `--upgrade` without one."""
        return super().parse_args(ctx, ["--upgrade=" if word == "--upgrade" else word for word in args])


@click.command(cls=_Command)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@common_options_without_argument
@libc_options
@click.option("--upgrade", multiple=True, metavar="[PACKAGE]", help="Take newer versions: of PACKAGE, or of all.")
@click.option("--exclude-newer", metavar="DATE", help="Leave out what was uploaded after DATE.")
@click.option("--check", is_flag=True, help="Only say which locks do not fit; exit code 1 if any. Needs no network.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Output of --check.")
def lock(  # noqa: PLR0913 - one for each option
    common: tuple[CommonOptions, ...],
    base: BaseOptions,
    names: tuple[str, ...],
    form: str,
    *,
    check: bool,
    upgrade: tuple[str, ...],
    exclude_newer: str | None,
) -> int:
    """Write pylock.NAME.toml for each PYENV of a Dockerfile: its packages with hashes, for its Python and platforms.

    The platforms are linux/amd64 and linux/arm64, or those of --platform. Builds and `pyenv-frontend local` take a lock
    that fits. Versions stay as they are until --upgrade, or until a requirement asks for others.
    """
    if check:
        not_allowed_with("check", "upgrade", "exclude_newer")
    elif is_written("form"):
        raise UsageError("argument --format: only allowed with argument --check")
    options = only(common, "lock")
    platforms = read_platforms(options.settings.target_platform or "")
    program, unknown = read_program(options, base, names, platforms=platforms, upgrade="" in upgrade)
    jobs = lock_jobs(program, options, base, names, unknown=unknown, platforms=platforms, offline=check)
    unused = () if options.settings.target else unused_locks(program, options.context.root, options.folder)
    for file in unused:
        note = f"no PYENV of {options.dockerfile} uses {file}; if nothing else does, delete it"
        click.echo(f"note: {note}", err=True)
    ignored_by = {job.file: options.context.ignored_by(job.file) for job in jobs}
    for file, left_out in ignored_by.items():
        if left_out:
            click.echo(f"note: {file} is left out by {left_out}: add the line !{file} to it", err=True)
    if check:

        def command(names: tuple[str, ...], platform: str) -> str:
            hinted = replace(options, settings=replace(options.settings, target_platform=platform))
            return hinted.command("lock", *base.libc_arguments, *names)

        return _check(jobs, form, ignored_by, command)
    resolver = _resolver(options, upgrade, exclude_newer)
    _note_unknown(jobs, resolver)
    _note_left_out(jobs)
    from pyenv_frontend.cli.signals import ended_by_signals  # noqa: PLC0415 - as in `_resolver`

    with ended_by_signals():
        return _lock(jobs, resolver)


def _resolver(options: CommonOptions, upgrade: tuple[str, ...], exclude_newer: str | None) -> Resolver:
    # A check needs none of them; they take a while to import.
    from pyenv_frontend.local.find_uv import find_uv  # noqa: PLC0415
    from pyenv_frontend.local.interpreters import LocalInterpreters  # noqa: PLC0415
    from pyenv_frontend.lock.preferences import Wishes  # noqa: PLC0415
    from pyenv_frontend.lock.resolver import Resolver  # noqa: PLC0415

    try:
        wishes = Wishes(
            upgrade="" in upgrade, upgrade_packages=Wishes.packages(upgrade), exclude_newer=_time(exclude_newer)
        )
    except ValueError as error:
        raise UsageError(f"--upgrade: {error}") from None
    uv = find_uv()
    interpreters = LocalInterpreters(uv)

    def python_of(version: PythonVersion) -> Path | None:
        interpreter = interpreters.present(version)
        return None if interpreter is None else interpreter.python

    return Resolver(uv=uv, context=options.context.root, wishes=wishes, python_of=python_of)


def _time(text: str | None) -> str:
    """Read a date or a time; a date means the end of that day in UTC, so that a lock is the same everywhere."""
    if text is None:
        return ""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - as in `_resolver`

    try:
        time_of = datetime.fromisoformat(text)
    except ValueError:
        message = f"--exclude-newer {text}: write a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z"
        raise UsageError(message) from None
    time_of = time_of.replace(tzinfo=time_of.tzinfo or UTC)
    if len(text) <= len("2026-01-31"):
        time_of += timedelta(days=1)
    return time_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _note_unknown(jobs: Sequence[LockJob], resolver: Resolver) -> None:
    """Report locks that cannot be read, and what `--upgrade` does not reach: packages in no lock, projects with one."""
    locks = []
    for job in jobs:
        if job.is_foreign:
            continue  # an error follows
        try:
            locks += [read_lock_file(job.before)] if job.before is not None else []
        except LockFormatError as error:
            click.echo(f"note: {job.file}: {error}; so all versions are chosen again", err=True)
        locked = job.requirements.locked if resolver.wishes.upgrade or resolver.wishes.upgrade_packages else ()
        for project in locked:
            click.echo(f"note: {job.name}: the uv.lock of {project} decides: upgrade that, with uv lock", err=True)
    for name in resolver.wishes.missing_from(locks):
        click.echo(f"note: --upgrade={name}: no lock has this package", err=True)


def _note_left_out(jobs: Sequence[LockJob]) -> None:
    """Report what a build without a lock has, and one with a lock has not."""
    from pyenv_frontend.lock.settings import files_of_the_image  # noqa: PLC0415 - as in `_resolver`

    for job in jobs:
        for file in job.files_with_credentials:
            note = "which are not written to a lock: builds need them from a secret or a netrc"
            click.echo(f"note: {job.name}: {file} has credentials in an address, {note}", err=True)
        for name in files_of_the_image(job.environment.state.env):
            note = "a file of the image, which is not read here: name it by PYENV --constraint=FILE"
            click.echo(f"note: {job.name}: {name} is {job.environment.state.env[name]}, {note}", err=True)


def _lock(jobs: Sequence[LockJob], resolver: Resolver) -> int:
    """Lock side by side; one line for each when it is done, errors at the end."""
    if not jobs:
        click.echo("note: there is no PYENV with requirements to lock", err=True)
        return 0
    from concurrent.futures import ThreadPoolExecutor, as_completed  # noqa: PLC0415 - as in `_resolver`

    from pyenv_frontend.lock.writer import lock_environment  # noqa: PLC0415 - the same

    errors: list[UserError] = []
    started = time.monotonic()
    pool = ThreadPoolExecutor(4)
    futures = {pool.submit(lock_environment, job, resolver): job for job in jobs}
    try:
        for future in as_completed(futures):
            job = futures[future]
            names = ", ".join(job.names)
            try:
                result = future.result()
                click.echo(f"{names}: {_summary(job, result)} ({time.monotonic() - started:.1f} s)", err=True)
                if job.other_files_before:
                    click.echo(
                        f"note: {job.file} was made from {', '.join(job.other_files_before)} before: if that is "
                        "another Dockerfile's, give one of them another name, or another lock (PYENV --lock=FILE)",
                        err=True,
                    )
                if result.file_elsewhere:
                    click.echo(
                        f"note: {job.file} names {result.file_elsewhere}, which builds and other machines do not have: "
                        "your settings of uv or pip name that folder as an index (PIP_CONFIG_FILE=/dev/null leaves "
                        "out those of pip's files)",
                        err=True,
                    )
            except UserError as error:
                click.echo(f"{names}: failed", err=True)
                errors.append(error)
    except BaseException:  # Ctrl-C too: what still runs is stopped
        pool.shutdown(wait=False, cancel_futures=True)
        resolver.processes.stop()
        raise
    finally:
        pool.shutdown()
    for problem in errors:
        show_error(problem.format())
    return int(bool(errors))


def _summary(job: LockJob, result: LockResult) -> str:
    packages = f"{result.packages} package{'s' * (result.packages != 1)}"
    built = "" if result.only_wheels else ", some of which have to be built"
    target = f"Python {job.target.python}, {job.target.libc}, {' and '.join(job.target.platforms)}"
    return f"{job.file} {result.state}: {packages} for {target}{built}"


def _uncertainty(job: LockJob) -> str:
    """Return which variables a lock was not compared with, in brackets; mostly an empty text."""
    options = " ".join(f"--base-env {name}=..." for name in job.assumed)
    return f" (as far as is known: if the base image sets {', '.join(job.assumed)}, say {options})" if options else ""


def _check(
    jobs: Sequence[LockJob], form: str, ignored_by: Mapping[str, str], command: Callable[[tuple[str, ...], str], str]
) -> int:
    changed = {job.file: job.reasons() for job in jobs}
    left_out = {
        job.file: [f"it is left out by {ignored_by[job.file]}"]
        if ignored_by[job.file] and job.before is not None
        else []
        for job in jobs
    }
    checked = [(job, left_out[job.file] + changed[job.file]) for job in jobs]
    if form == "json":
        locks = [
            {"name": name, "lock": job.file, "stale": bool(reasons), "reasons": reasons}
            for job, reasons in checked
            for name in job.names
        ]
        click.echo(json.dumps({"locks": locks}, indent=2))
    else:
        for job, reasons in checked:
            state = f"fits{_uncertainty(job)}" if not reasons else "does not fit: " + ", ".join(reasons)
            state = "is missing" if job.before is None else state
            click.echo(f"{', '.join(job.names)}: {job.file} {state}")
        stale = [job for job in jobs if changed[job.file]]
        ours = [job for job in stale if not job.is_foreign]
        if ours:
            names = dict.fromkeys(name for job in ours for name in job.names)
            click.echo(f"hint: run {command(tuple(names), all_platforms(ours))}", err=True)
        for job in stale:
            if job.is_foreign:
                click.echo(f"hint: {job.file}: {foreign_remedy(job.pyenv)}", err=True)
    return int(any(reasons for _, reasons in checked))
