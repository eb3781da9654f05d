"""What each rule of `lint.ruleset` looks for. `lint_pyenvs` asks them all and leaves out what is switched off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pyenv_frontend.lint import ruleset as advice
from pyenv_frontend.lint.config import config_of, configs_above
from pyenv_frontend.lint.ruleset import LintWarning
from pyenv_frontend.positions import Location, Span
from pyenv_frontend.pyenv.versions import SERIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from pyenv_frontend.inputs.collector import ListedRequirement
    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.pyenv.instruction import EnvironmentName, Pyenv
    from pyenv_frontend.stages.program import Environment, Program, Stage

__all__ = ["lint_pyenvs"]

_AIRFLOW_IMAGE: Final = re.compile(r"(?:.*/)?apache/airflow:(?:slim-)?(\d+\.\d+\.\d+[a-z0-9]*)(?:-.*)?")
_PASSWORD: Final = re.compile(rb"[a-z+]+://[^\s/:@$]*:[^\s/@$]+@")
_NAMED: Final = 5
"""How many unpinned requirements are named at most."""


def lint_pyenvs(
    program: Program,
    closures: Sequence[RequirementInputs | None],
    *,
    today: date,
    build_args: Mapping[str, str] | None = None,
) -> tuple[LintWarning, ...]:
    """Everything there is to say about the PYENVs of a file, in the order of the file.

    Args:
        program: the file, read.
        closures: for each PYENV what it refers to; None where that could not be found out.
        today: the day on which a Python may be out of maintenance.
        build_args: of the build, among which may be `BUILDKIT_DOCKERFILE_CHECK`.
    """
    checks = config_of(program.document, build_args or {})
    above = configs_above(program.document)
    found: list[LintWarning] = []
    stages = [(stage, environment) for stage in program.stages for environment in stage.environments]
    seen: dict[str, dict[str, EnvironmentName]] = {}
    for number, (stage, environment) in enumerate(stages):
        name = environment.pyenv.name
        alike = seen.setdefault(_plain(name.text), {})
        case = _Case(stage, environment, closures[number], [*alike.values()], today)
        alike.setdefault(name.text, name)
        at = environment.pyenv.instruction.span.start
        wanted = checks.and_also(above[at]) if at in above else checks
        found += [each for each in case.advice() if wanted.wants(each.rule.name)]
    return tuple(found)


@dataclass(frozen=True)
class _Case:
    """One PYENV with everything that the rules look at."""

    stage: Stage
    environment: Environment
    closure: RequirementInputs | None
    alike: Sequence[EnvironmentName]
    """Earlier names that are this one but for case and dashes, each once."""

    today: date

    def advice(self) -> Iterator[LintWarning]:
        yield from self._end_of_life()
        yield from self._unpinned()
        yield from self._airflow()
        yield from self._similar()
        yield from self._credentials()

    @property
    def _pyenv(self) -> Pyenv:
        return self.environment.pyenv

    def _at(self, span: Span) -> Location:
        return Location(self._pyenv.instruction.file, span)

    @property
    def _listed(self) -> Sequence[ListedRequirement]:
        return self.closure.listed if self.closure else ()

    @cached_property
    def _parsed(self) -> list[tuple[ListedRequirement, Requirement]]:
        """The requirements that follow the standard; a local path or an installer's own form is not for us."""
        found = []
        for listed in self._listed:
            try:
                found.append((listed, Requirement(listed.text)))
            except InvalidRequirement:
                continue
        return found

    def _end_of_life(self) -> Iterator[LintWarning]:
        version = self._pyenv.version
        series = SERIES.get(version.minor)
        if series and series.end_of_life < self.today:
            message = f"Python {series.minor} has had no security fixes since {series.end_of_life.isoformat()}"
            yield LintWarning(rule=advice.END_OF_LIFE, message=message, location=self._at(version.span))

    def _unpinned(self) -> Iterator[LintWarning]:
        constrained = self._constrained()
        loose = [
            (listed, requirement)
            for listed, requirement in self._parsed
            if not (listed.locked or requirement.url or _exact(requirement))
            and canonicalize_name(requirement.name) not in constrained
        ]
        if not loose:
            return
        names = [requirement.name for _, requirement in loose]
        shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
        verb = "has" if len(names) == 1 else "have"
        yield LintWarning(
            rule=advice.UNPINNED,
            message=f"{shown} {verb} no exact version in the environment {self._pyenv.name.text}",
            location=loose[0][0].origin.word,
            details=tuple(listed.origin.locations[-1] for listed, _ in loose),
        )

    def _constrained(self) -> set[str]:
        """Names that a constraints file gives an exact version."""
        found: set[str] = set()
        for text in self.closure.constraints if self.closure else ():
            try:
                requirement = Requirement(text)
            except InvalidRequirement:
                continue
            if _exact(requirement):
                found.add(canonicalize_name(requirement.name))
        return found

    def _airflow(self) -> Iterator[LintWarning]:
        ours = self._airflow_of_base()
        for listed, requirement in self._parsed if ours else ():
            if canonicalize_name(requirement.name) not in {"apache-airflow", "apache-airflow-core"}:
                continue
            if ours is not None and not requirement.specifier.contains(ours, prereleases=True):
                wanted = f"{requirement.name}{requirement.specifier}"
                yield LintWarning(
                    rule=advice.AIRFLOW,
                    message=f"{wanted} is not the {ours} of the base image {self.stage.root}",
                    location=listed.origin.word,
                    details=listed.origin.locations[1:],
                )

    def _airflow_of_base(self) -> Version | None:
        """What the base image says of itself: in its ENV, or by its tag."""
        tag = _AIRFLOW_IMAGE.fullmatch(self.stage.root.partition("@")[0])
        stated = self.environment.state.variables.get("AIRFLOW_VERSION") or (tag[1] if tag else "")
        try:
            return Version(stated)
        except InvalidVersion:
            return None

    def _similar(self) -> Iterator[LintWarning]:
        name = self._pyenv.name
        for other in self.alike:
            if name.text != other.text:
                yield LintWarning(
                    rule=advice.SIMILAR,
                    message=f"the names {name.text} and {other.text} are easily taken for one another",
                    location=self._at(name.span),
                    details=(self._at(other.span),),
                )

    def _credentials(self) -> Iterator[LintWarning]:
        if self._pyenv.inline is not None:
            body = self._pyenv.instruction.heredocs[0].body
            if found := _PASSWORD.search(body.text):
                yield self._password(body.locate(*found.span()), "the heredoc")
        for path, file in self.closure.contents.items() if self.closure else ():
            if found := _PASSWORD.search(file.data):
                word = next((each.span for each in self._pyenv.requirements if each.path == path), None)
                place = self._at(word or self._pyenv.name.span)
                yield self._password(place, path, Location(file, Span(*found.span())))

    @staticmethod
    def _password(place: Location, where: str, *details: Location) -> LintWarning:
        message = f"a password stands in {where}; hand it in as a secret instead"
        return LintWarning(rule=advice.CREDENTIALS, message=message, location=place, details=details)


def _exact(requirement: Requirement) -> bool:
    return any(
        spec.operator == "===" or (spec.operator == "==" and not spec.version.endswith(".*"))
        for spec in requirement.specifier
    )


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
