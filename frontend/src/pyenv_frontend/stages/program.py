"""An analyzed Dockerfile: its stages, what each is based on, and the state at each PYENV."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenv_frontend.dockerfile import Document, Instruction
    from pyenv_frontend.pyenv.instruction import Pyenv

__all__ = ["Builder", "Environment", "Program", "Stage", "StageState"]


@dataclass(frozen=True, slots=True)
class StageState:
    """The state of a stage at some instruction, including the stages that it is based on.

    None means that no instruction sets it, so that the value of the base image holds.
    """

    env: Mapping[str, str]
    """Variables that ENV instructions set; those of the external base image are not among them."""

    variables: Mapping[str, str]
    """Everything that `$NAME` may refer to here: the base image's ENV as far as given, ENV, and declared ARGs."""

    user: str | None = None
    """Last USER, expanded: `airflow`, `50000:0`."""

    workdir: str | None = None
    """WORKDIR, expanded; relative ones are joined to the one before and stay relative if the first was."""

    shell: tuple[str, ...] | None = None
    """Last SHELL."""

    assumed: Mapping[str, frozenset[str]] = MappingProxyType({})
    """For variables whose values depend on variables that were not set, the names of those."""

    @property
    def path(self) -> str | None:
        """PATH as far as it is known."""
        return self.variables.get("PATH")


@dataclass(frozen=True, slots=True)
class Builder:
    """The stage that `--builder` names, as the install step finds it."""

    settings: tuple[Instruction, ...]
    """ARG and ENV of the stage that wants the environment, and of those this is based on and the builder's is not: they
    hold on top of what the builder's stage says."""

    variables: Mapping[str, str]
    """Those of the install step: the ENV of the builder's base image as far as given, its stage's, and `settings`."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A PYENV and its surroundings."""

    pyenv: Pyenv
    state: StageState
    """The state just before the PYENV."""

    builder: Builder | None = None
    """Where it is installed, if not in its own stage."""

    assumed: frozenset[str] = frozenset()
    """The variables that are not set and on which the instruction depends, by a default for example. Unless all
    variables of the base image are known, it may set them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One FROM and what follows it."""

    index: int
    """Counted from 0 in the order of the file."""

    name: str | None
    """The alias behind AS, in lower case as Docker compares it; None without one."""

    base: str
    """What FROM names, expanded: an image reference, a stage's name, or `scratch`."""

    parent: int | None
    """Index of the stage it is based on, or None for an image or `scratch`."""

    root: str
    """The image (or `scratch`) at the end of the chain of parents."""

    platform: str | None
    """`--platform` expanded, or None."""

    root_platform: str | None
    """The `--platform` of the stage at the end of the chain, which decides what `root` is resolved for."""

    instruction: Instruction
    """The FROM."""

    instructions: tuple[Instruction, ...]
    """Every instruction after FROM, the PYENVs included."""

    environments: tuple[Environment, ...]
    """The PYENVs of this stage in order, ONBUILD ones included."""

    state: StageState
    """The state at the end of the stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """An analyzed Dockerfile."""

    document: Document
    stages: tuple[Stage, ...]

    python_image: str = "python"
    """The repository of the official interpreters, whose tags are `3.11-slim-bookworm` and the like."""

    left_out: tuple[Instruction, ...] = ()
    """PYENVs of stages that the build does not need, in order; they are in no stage's `environments`."""

    @property
    def environments(self) -> tuple[Environment, ...]:
        """Every PYENV of the file in order."""
        return tuple(environment for stage in self.stages for environment in stage.environments)

    def stage(self, reference: str) -> Stage | None:
        """Return the stage that `--from=reference` or `--target=reference` means: by name in any case, or by number."""
        name = reference.lower()
        for stage in reversed(self.stages):
            if stage.name == name:
                return stage
        index = int(reference) if reference.isdecimal() else -1
        return self.stages[index] if 0 <= index < len(self.stages) else None
