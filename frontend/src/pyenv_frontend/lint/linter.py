"""Check the PYENV instructions of a file with the rules that are on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.lint.case import LintCase
from pyenv_frontend.lint.config import config_of, configs_above
from pyenv_frontend.lint.ruleset import RULES, LintWarning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.pyenv.instruction import EnvironmentName
    from pyenv_frontend.stages.program import Program

__all__ = ["lint_pyenvs"]


def lint_pyenvs(
    program: Program,
    inputs: Sequence[RequirementInputs | None],
    *,
    today: date,
    build_args: Mapping[str, str] | None = None,
    standalone: bool = False,
) -> tuple[LintWarning, ...]:
    """Return the warnings about the PYENVs of a file, in the order of the file.

    Args:
        program: the analysed file.
        inputs: for each PYENV, the files that its requirements refer to, or None if they could not be read.
        today: the day for which a Python's end of life is checked.
        build_args: the build arguments, which may contain `BUILDKIT_DOCKERFILE_CHECK`.
        standalone: whether the file is checked outside a build.
    """
    config = config_of(program.document, build_args or {})
    above = configs_above(program.document)
    warnings: list[LintWarning] = []
    names: dict[str, dict[str, EnvironmentName]] = {}
    environments = ((stage, environment) for stage in program.stages for environment in stage.environments)
    for number, (stage, environment) in enumerate(environments):
        name = environment.pyenv.name
        similar = names.setdefault(name.text.lower().replace("-", "_"), {})
        case = LintCase(
            program=program,
            number=number,
            stage=stage,
            environment=environment,
            inputs=inputs[number],
            similar_names=[*similar.values()],
            today=today,
            build_args=build_args or {},
            standalone=standalone,
        )
        similar.setdefault(name.text, name)
        start = environment.pyenv.instruction.span.start
        in_force = config.and_also(above[start]) if start in above else config
        for rule in RULES:
            if in_force.wants(rule.name):
                warnings += [LintWarning(rule=rule, problem=problem) for problem in rule.check(case)]
    return tuple(warnings)
