"""The input of a rule's check: one PYENV and its surroundings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pyenv_frontend.lint.requirement import parse_requirement
from pyenv_frontend.positions import Location

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from pyenv_frontend.inputs.collector import ListedRequirement
    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.lint.requirement import LintRequirement
    from pyenv_frontend.positions import Span
    from pyenv_frontend.pyenv.instruction import EnvironmentName, Pyenv
    from pyenv_frontend.stages.program import Environment, Program, Stage

__all__ = ["LintCase"]


@dataclass(frozen=True)
class LintCase:
    """One PYENV with its stage, its file and the build."""

    program: Program
    number: int
    """Index of the PYENV among those of the file, from 0."""

    stage: Stage
    environment: Environment
    inputs: RequirementInputs | None
    """The files that the requirements refer to; None if they could not be read."""

    similar_names: Sequence[EnvironmentName]
    """Earlier names of environments, without duplicates, that differ only in letter case or in dashes."""

    today: date
    build_args: Mapping[str, str]
    standalone: bool
    """Whether the file is checked outside a build. In a build, Docker has found this frontend."""

    @property
    def pyenv(self) -> Pyenv:
        """The PYENV instruction."""
        return self.environment.pyenv

    def at(self, span: Span) -> Location:
        """Return the location of a span of the Dockerfile."""
        return Location(self.pyenv.instruction.file, span)

    @cached_property
    def requirements(self) -> list[tuple[ListedRequirement, LintRequirement]]:
        """The requirements that follow the standard, without local paths and forms that only one installer knows."""
        pairs = [(listed, parse_requirement(listed.text)) for listed in self._listed]
        return [(listed, requirement) for listed, requirement in pairs if requirement]

    @cached_property
    def constraints(self) -> list[LintRequirement]:
        """The constraints that follow the standard."""
        texts: Iterable[str] = self.inputs.constraints if self.inputs else ()
        return [requirement for text in texts if (requirement := parse_requirement(text))]

    @property
    def _listed(self) -> Sequence[ListedRequirement]:
        return self.inputs.listed if self.inputs else ()
