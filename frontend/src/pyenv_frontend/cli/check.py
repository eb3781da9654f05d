"""`pyenv-frontend check`: mistakes and advice without a build, for people, editors, CI and pre-commit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from pyenv_frontend.cli import report
from pyenv_frontend.cli.common import check_target, context_of, pairs, read_dockerfile, settings_of, shared_options
from pyenv_frontend.cli.report import Finding
from pyenv_frontend.errors import UserError
from pyenv_frontend.inputs.resolve import close_over
from pyenv_frontend.lint.config import checks_of
from pyenv_frontend.lint.linter import advise
from pyenv_frontend.pyenv.hints import misspelt
from pyenv_frontend.stages.analyze import has_pyenv, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from pyenv_frontend.cli.folder_context import FolderContext
    from pyenv_frontend.dockerfile import Document, Instruction
    from pyenv_frontend.inputs.resolve import Closure
    from pyenv_frontend.stages.analyze import Settings
    from pyenv_frontend.stages.program import Program

__all__ = ["check", "find"]

_FORMATS = {"text": report.as_text, "json": report.as_json, "sarif": report.as_sarif}


@click.command()
@click.argument("dockerfiles", nargs=-1, metavar="[DOCKERFILE]...")
@click.option("-f", "--file", "named", multiple=True, metavar="FILE", help="A Dockerfile, or `-`; as an argument is.")
@click.option("--format", "form", type=click.Choice([*_FORMATS]), default="text", show_default=True)
@shared_options
def check(dockerfiles: tuple[str, ...], named: tuple[str, ...], form: str, **options: Any) -> int:
    """Report mistakes and advice about the PYENVs of Dockerfiles.

    Exit code 1 if there are errors, 0 if there are none or only warnings. Nothing is built and no engine is asked:
    where a PYENV uses a variable of the base image, give it with --base-env.
    """
    findings: list[Finding] = []
    settings = settings_of(options["build_arg"], options["target"], options["target_platform"])
    variables = pairs(options["base_env"], "--base-env")
    for path in (*named, *dockerfiles) or ("Dockerfile",):
        try:
            document = read_dockerfile(path)
        except UserError as error:
            findings.append(Finding.of_error(error))
            continue
        context = context_of(options["context"], path)
        findings += find(document, context, settings, variables, today=datetime.now(UTC).date())
    click.echo(_FORMATS[form](findings), nl=False)
    return int(any(finding.level == "error" for finding in findings))


def find(
    document: Document, context: FolderContext, settings: Settings, variables: Mapping[str, str], *, today: date
) -> list[Finding]:
    """Everything there is to say about one Dockerfile, by its lines.

    Args:
        document: the Dockerfile.
        context: the build context.
        settings: build-args and platforms.
        variables: ENV of the base images.
        today: the day on which a Python may be out of maintenance.
    """
    errors = [_misspelt(each) for each in misspelt(document)]
    if not has_pyenv(document):
        return [Finding.of_error(error).under(context.prefix, document.file) for error in errors]
    program = read(document, settings, base_variables=lambda *_: variables, report=errors.append)
    check_target(program, settings.target)
    closures = _closures(program, context, errors)
    advice = advise(program, closures, today=today, build_args=settings.build_args)
    strict = checks_of(document, settings.build_args).error
    findings = [Finding.of_error(error) for error in errors]
    findings += [Finding.of_advice(each, error=strict) for each in advice]
    findings = [finding.under(context.prefix, document.file) for finding in findings]
    return sorted(findings, key=lambda finding: finding.locations[0].span)


def _misspelt(instruction: Instruction) -> UserError:
    word = instruction.keyword.decode(errors="replace")
    return UserError(f"{word} is no instruction", instruction.command.keyword.location, hint="write PYENV")


def _closures(program: Program, context: FolderContext, errors: list[UserError]) -> list[Closure | None]:
    """What each PYENV refers to; None, and an error more, where that cannot be found out."""
    found: list[Closure | None] = []
    for environment in program.environments:
        try:
            found.append(close_over(environment.pyenv, context))
        except UserError as error:
            errors.append(error)
            found.append(None)
    return found
