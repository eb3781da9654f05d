"""`pyenv-frontend check`: errors and advice without a build, for people, editors, CI and pre-commit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from pyenv_frontend.cli import report
from pyenv_frontend.cli.common import CommonOptions, common_options
from pyenv_frontend.cli.report import Finding
from pyenv_frontend.cli.terminal import colored
from pyenv_frontend.errors import UserError
from pyenv_frontend.lint.config import config_of
from pyenv_frontend.lint.linter import lint_pyenvs
from pyenv_frontend.lock.choice import requirement_inputs
from pyenv_frontend.pyenv.hints import misspelt
from pyenv_frontend.stages.analyze import has_pyenv

if TYPE_CHECKING:
    from datetime import date

    from pyenv_frontend.dockerfile import Document, Instruction

__all__ = ["check", "find"]

_FORMATS = {
    "text": report.as_text,
    "json": report.as_json,
    "sarif": report.as_sarif,
    "github": report.as_github,
    "gitlab": report.as_gitlab,
}


@click.command()
@common_options
@click.option(
    "--format",
    "form",
    type=click.Choice([*_FORMATS]),
    default="text",
    show_default=True,
    help="For people, programs, code scanning, or annotations in CI.",
)
def check(common: tuple[CommonOptions, ...], form: str) -> int:
    """Report mistakes and advice about the PYENVs of Dockerfiles.

    Exit code 1 if there are errors, 0 if there are none or only warnings. Nothing is built and no engine is asked:
    where a PYENV uses a variable of the base image, give it with --base-env. `pyenv-frontend rule` explains the rules.
    """
    findings: list[Finding] = []
    for options in common:
        try:
            document = options.read_document()
        except UserError as error:
            findings.append(Finding.of_error(error))
            continue
        findings += find(document, options, today=datetime.now(UTC).date())
    text = _FORMATS[form](findings)
    click.echo(colored(text) if form == "text" else text, nl=False)
    if form == "text":
        click.echo(report.summary(findings, files=len(common)), err=True)
    return int(any(finding.level == "error" for finding in findings))


def find(document: Document, options: CommonOptions, *, today: date) -> list[Finding]:
    """Return all findings about one Dockerfile, in the order of its lines.

    Args:
        document: the Dockerfile.
        options: how it is read.
        today: the date by which Pythons out of maintenance are found.
    """
    context = options.context
    errors = [_misspelt(instruction) for instruction in misspelt(document)]
    if not has_pyenv(document):
        return [Finding.of_error(error).under(context.prefix, document.file) for error in errors]
    program = options.for_target.read_program(document, report=errors.append)
    closures = requirement_inputs(program, context, report=errors.append, base_known=False)
    build_args = options.settings.build_args
    advice = lint_pyenvs(program, closures, today=today, build_args=build_args, standalone=True)
    strict = config_of(document, build_args).error
    findings = [Finding.of_error(error) for error in errors]
    findings += [Finding.of_advice(warning, error=strict) for warning in advice]
    findings = [finding.under(context.prefix, document.file) for finding in findings]
    return sorted(findings, key=lambda finding: finding.locations[0].span)


def _misspelt(instruction: Instruction) -> UserError:
    word = instruction.keyword.decode(errors="replace")
    return UserError(f"{word} is no instruction", instruction.command.keyword.location, hint="write PYENV")
