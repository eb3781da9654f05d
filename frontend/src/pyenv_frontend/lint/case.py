"""One PYENV with everything that a rule may look at."""

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
    """One PYENV, its stage, its file and the build."""

    program: Program
    number: int
    """Which PYENV of the file it is, from 0."""

    stage: Stage
    environment: Environment
    inputs: RequirementInputs | None
    """None where they could not be read."""

    similar_names: Sequence[EnvironmentName]
    """Earlier names that differ in letter case or dashes only, each once."""

    today: date
    build_args: Mapping[str, str]
    standalone: bool
    """Whether no build reads the file: in a build, this frontend was found."""

    @property
    def pyenv(self) -> Pyenv:
        """The instruction."""
        return self.environment.pyenv

    def at(self, span: Span) -> Location:
        """Return the location of a stretch of the Dockerfile."""
        return Location(self.pyenv.instruction.file, span)

    @cached_property
    def requirements(self) -> list[tuple[ListedRequirement, LintRequirement]]:
        """The requirements in the standard form; local paths and forms of one installer are left out."""
        pairs = [(listed, parse_requirement(listed.text)) for listed in self._listed]
        return [(listed, requirement) for listed, requirement in pairs if requirement]

    @cached_property
    def constraints(self) -> list[LintRequirement]:
        """What only constrains, in the standard form."""
        texts: Iterable[str] = self.inputs.constraints if self.inputs else ()
        return [requirement for text in texts if (requirement := parse_requirement(text))]

    @property
    def _listed(self) -> Sequence[ListedRequirement]:
        return self.inputs.listed if self.inputs else ()
