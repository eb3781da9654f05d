"""`pyenv-frontend local`: the environments of a Dockerfile on this machine, and their variables."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from pyenv_frontend.cli.common import CommonOptions, common_options, is_written, not_allowed_with, only
from pyenv_frontend.cli.signals import ended_by_signals
from pyenv_frontend.cli.terminal import colored, show_error
from pyenv_frontend.errors import UsageError
from pyenv_frontend.local.exports import FORMATS
from pyenv_frontend.local.find_uv import find_uv
from pyenv_frontend.local.installer import LocalInstaller
from pyenv_frontend.local.interpreters import LocalInterpreters
from pyenv_frontend.local.jobs import choose, ignored_options, job_of
from pyenv_frontend.local.progress import Progress
from pyenv_frontend.local.runner import Runner
from pyenv_frontend.local.store import FOLDER, FORMER_FOLDER, Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from pyenv_frontend.cli.folder_context import FolderContext
    from pyenv_frontend.errors import UserError
    from pyenv_frontend.local.jobs import Job
    from pyenv_frontend.stages.program import Program

__all__ = ["local"]

_EVALUATED: Final = {"sh", "fish"}
"""Formats that a shell evaluates."""
_FAILS: Final = "false"


class _Evaluated(click.Command):
    """A command whose output a shell evaluates: `eval "$(pyenv-frontend local)"` fails where the command does.

    Without any output, `eval` would succeed.
    """

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError:
            click.echo(_FAILS)
            raise

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BaseException:
            if ctx.params.get("form") in _EVALUATED and not (ctx.params.get("check") or ctx.params.get("clean")):
                click.echo(_FAILS)
            raise


@click.command(cls=_Evaluated)
@common_options
@click.option("--format", "form", type=click.Choice([*FORMATS]), default="sh", show_default=True)
@click.option("--check", is_flag=True, help="Only say what is out of date; exit code 1 if anything is.")
@click.option("--clean", is_flag=True, help="Remove the environments.")
@click.option("-j", "--jobs", type=click.IntRange(1), default=4, show_default=True, help="How many are made at once.")
def local(common: tuple[CommonOptions, ...], form: str, *, check: bool, clean: bool, jobs: int) -> int:
    """Make the environments of a Dockerfile on this machine, without an engine.

    They are in the folder .pyenv-frontend beside the Dockerfile, and are made again only when what they are made of has
    changed. The output sets their variables: eval "$(pyenv-frontend local)". Everything else goes to standard error.
    """
    if clean:
        not_allowed_with("clean", "check", "jobs", "target")
    if check:
        not_allowed_with("check", "jobs")
        if is_written("form") and form != "json":
            raise UsageError(
                f"argument --format: {form} is not allowed with argument --check, which writes json or text"
            )
    options = only(common, "local")
    store = Store(options.folder)
    if clean:
        return _clean(store)
    program = options.read_program(options.read_document())
    environments, notes = choose(program, options.settings.target)
    context = options.context
    if check:
        return _check([job_of(environment, context, store) for environment in environments], form)
    pyenvs = [environment.pyenv for environment in environments]
    for sentence in (*notes, *(sentence for pyenv in pyenvs for sentence in ignored_options(pyenv))):
        _note(sentence)
    with ended_by_signals(), _locked(store):
        _drop_the_unnamed(program, store)
        planned = [job_of(environment, context, store) for environment in environments]
        _say_locks(planned, options)
        errors = _make(planned, context, store, jobs)
    for error in errors.values():
        show_error(error.format())
    ready = [pyenv.name for pyenv in pyenvs if pyenv.name.text not in errors]
    variables = {variable: str(store.python(name.text)) for name in ready for variable in name.variables}
    click.echo(FORMATS[form](variables), nl=False)
    if errors and form in _EVALUATED:
        click.echo(_FAILS)
    return int(bool(errors))


def _say_locks(jobs: Sequence[Job], options: CommonOptions) -> None:
    """Report which environments are created from a lock, and which locks do not fit."""
    for job in jobs:
        plan = job.plan
        if plan is not None and plan.requirements.stale_lock:
            remedy = plan.requirements.lock_remedy
            if remedy.startswith("run "):
                remedy = f"to mend it, run {options.command('lock', job.name)}"
            _note(f"{job.name}: the lock does not fit: {plan.requirements.stale_lock}; {remedy}")
        elif plan is not None and plan.lock is not None and job.stale:
            _note(f"{job.name}: installed from {plan.path}")


def _make(jobs: Sequence[Job], context: FolderContext, store: Store, at_once: int) -> dict[str, UserError]:
    """Create what is out of date; return the errors by the environments' names."""
    stale = [job for job in jobs if job.stale]
    if not stale:
        count = f"{len(jobs)} environment{'s' * (len(jobs) != 1)}"
        _note(f"{count}, up to date" if jobs else "there is no PYENV to make")
        return {}
    terminal = sys.stderr.isatty()
    uv = find_uv()
    installer = LocalInstaller(uv=uv, context=context.root, terminal=terminal)
    with Progress([job.name for job in stale], sys.stderr, terminal) as progress:
        runner = Runner(store=store, interpreters=LocalInterpreters(uv), installer=installer, progress=progress)
        errors = runner.make(stale, at_once)
    if not context.ignored_by(f"{FOLDER}/.store/any"):
        _note(f"`docker build` sends the folder {FOLDER} to the engine: add the line {FOLDER} to .dockerignore")
    return errors


def _drop_the_unnamed(program: Program, store: Store) -> None:
    """Remove the environments of PYENVs that have been removed from the Dockerfile, and leftovers of earlier runs."""
    named = {environment.pyenv.name.text for environment in program.environments}
    file = program.document.file.name.rpartition("/")[2]
    for name in store.names():
        record = store.record(name)
        if name not in named and record is not None and record.dockerfile == file:
            store.remove(name)
            _note(f"{name}: removed, since no PYENV has that name any more")
    store.sweep()


def _check(jobs: Sequence[Job], form: str) -> int:
    if form == "json":
        states = [{"name": job.name, "stale": bool(job.stale), "reasons": job.stale} for job in jobs]
        click.echo(json.dumps({"environments": states}, indent=2))
    else:
        for job in jobs:
            click.echo(f"{job.name}: {', '.join(job.stale) or 'up to date'}")
    for job in jobs:
        if job.error:
            show_error(job.error.format())
    return int(any(job.stale for job in jobs))


def _clean(store: Store) -> int:
    if store.folder.is_dir():
        with _locked(store):
            names = store.clean()
        _note(f"removed {', '.join(names)}" if names else "there was no environment")
    else:
        _note("there was no environment")
    return 0


def _locked(store: Store) -> AbstractContextManager[None]:
    """Lock the folder against other runs, after a note about the folder of an earlier version."""
    if store.former_environments():
        where = store.folder.with_name(FORMER_FOLDER)
        _note(f"the environments are in {FOLDER} now; an earlier version left its own in {where}, which can be deleted")
    return store.locked(lambda: _note(f"another run is at work in {FOLDER}: waiting for it"))


def _note(sentence: str) -> None:
    click.echo(colored(f"note: {sentence}"), err=True)
