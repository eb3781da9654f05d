"""The stages of a file: where each begins, its name, and the stage that it is based on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyenv_frontend.dockerfile.words import fields
from pyenv_frontend.pyenv.places import Places

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyenv_frontend.dockerfile import Document, Instruction
    from pyenv_frontend.positions import Logical
    from pyenv_frontend.pyenv.instruction import EnvironmentName
    from pyenv_frontend.stages.program import Environment
    from pyenv_frontend.stages.scope import GlobalScope, Scope

__all__ = ["OpenStage", "last_name", "outline"]


@dataclass(slots=True, kw_only=True, eq=False)
class OpenStage:
    """A stage while it is read; the attributes are those of `Stage`."""

    index: int
    name: str | None
    base: str
    parent: OpenStage | None
    platform: str | None
    instruction: Instruction
    scope: Scope
    instructions: list[Instruction] = field(default_factory=list)
    environments: list[Environment] = field(default_factory=list)
    root: OpenStage = field(init=False)
    """The stage at the end of the chain of parents."""

    taken: dict[str, EnvironmentName] = field(default_factory=dict)
    """The names of its environments, by the variables that they set."""

    places: Places = field(init=False)
    """The folders that `--path` names."""

    def __post_init__(self) -> None:
        self.root = self if self.parent is None else self.parent.root
        self.places = Places(self.parent.places if self.parent else None)

    @property
    def chain(self) -> Iterator[OpenStage]:
        """The stage, the one it is based on, and so on."""
        stage: OpenStage | None = self
        while stage is not None:
            yield stage
            stage = stage.parent

    def answers_to(self, reference: str) -> bool:
        """Whether `--from=reference` would mean this stage."""
        return self.name == reference.lower() or str(self.index) == reference


def last_name(document: Document) -> str:
    """Return the name of the last stage, which is built by default; empty if it has none."""
    names = [_name(fields(line.arguments)) for line in document.instructions if line.name == "FROM"]
    return (names[-1] if names else None) or ""


def _name(words: Sequence[Logical]) -> str | None:
    """Return the name of the stage in `FROM base AS name`."""
    named = len(words) == 3 and words[1].text.lower() == b"as"  # FROM base AS name
    return words[2].text.decode(errors="replace").lower() if named else None


def outline(document: Document, variables: GlobalScope) -> tuple[list[Instruction], list[OpenStage]]:
    """Sort the instructions into stages; variables of FROM are filled in, nothing else is read.

    Args:
        document: the file.
        variables: takes in the ARGs before the first FROM.

    Returns:
        What stands before the first FROM, and the stages with an empty scope.
    """
    before: list[Instruction] = []
    stages: list[OpenStage] = []
    named: dict[str, OpenStage] = {}
    for instruction in document.instructions:
        if instruction.name == "FROM":
            stages.append(_open(instruction, len(stages), named, variables))
            if stages[-1].name:
                named[stages[-1].name] = stages[-1]
        elif stages:
            stages[-1].instructions.append(instruction)
        else:
            before.append(instruction)
            if instruction.name == "ARG":
                variables.declare(instruction.command)
    return before, stages


def _open(instruction: Instruction, index: int, stages: dict[str, OpenStage], variables: GlobalScope) -> OpenStage:
    words = fields(instruction.arguments)
    base = variables.expand(words[0]) if words else ""
    platforms = [flag.value for flag in instruction.flags if flag.name.text == b"platform" and flag.value]
    return OpenStage(
        index=index,
        name=_name(words),
        base=base,
        parent=stages.get(base),
        platform=variables.expand(platforms[-1]) if platforms else None,
        instruction=instruction,
        scope=variables.stage(),
    )
