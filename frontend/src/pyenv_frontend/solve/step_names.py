"""The names of a build's steps, numbered by the user's file: `[builder 2/5] PYENV 3.8 snowpark reqs.txt`.

Docker's frontend counts COPY, ADD, RUN and WORKDIR of a stage, and 1 more for an image that the stage is based on. It
counts the expanded file; here a PYENV is one step, however many instructions it expands to.

Source of truth: BuildKit `dockerfile2llb/convert.go` (`prefixCommand`, and where `stageName` and `cmdTotal` are set).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenv_frontend.dockerfile import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenv_frontend.dockerfile import Document, Instruction
    from pyenv_frontend.positions import LineMap
    from pyenv_frontend.stages.program import Program, Stage

__all__ = ["Numbering", "Unit", "base_name", "image_name"]

_FROM_OTHER_STAGES = {"COPY": b"from", "RUN": b"mount"}
_COUNTED = frozenset({"ADD", "COPY", "RUN", "WORKDIR"})
_NUMBERED = re.compile(r"\[(?P<head>(?:[^\] ]+ )*) *(?P<index>\d+)/(?P<total>\d+)\] (?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Unit:
    """One of the user's instructions as a step of its stage."""

    instruction: Instruction
    """In the user's file."""
    stage: int
    rank: int
    """How many of the user's steps the stage has up to and with this one; 0 for FROM."""
    expanded_rank: int
    """The same for the expanded file, at the requested line."""

    @property
    def is_pyenv(self) -> bool:
        """Whether it is a PYENV."""
        return self.instruction.name == "PYENV"

    @property
    def text(self) -> str:
        """The instruction in one line, as names of steps have it."""
        return self.instruction.title


class Numbering:
    """The numbering of the user's file beside that of the expanded one."""

    def __init__(self, document: Document, source: bytes, lines: LineMap) -> None:
        """Count the steps of both files.

        Args:
            document: the user's file.
            source: the expanded file, which may be cut off.
            lines: for each of its lines, the user's.
        """
        self._single_stage = f"{_only_stage(document)} " if _has_single_stage(document) else ""
        self._totals: list[int] = []
        ranks = dict(self._ranks(document))
        self._units: dict[int, Unit] = {}
        self._expanded_totals: list[int] = []
        for instruction in parse(source).instructions:
            if instruction.name == "FROM":
                self._expanded_totals.append(0)
            if not self._expanded_totals:
                continue
            self._expanded_totals[-1] += instruction.name in _COUNTED
            ranked = ranks.get(lines[instruction.lines.first].first)
            if ranked is not None:
                user, stage, rank = ranked
                self._units[instruction.lines.first] = Unit(user, stage, rank, self._expanded_totals[-1])

    def _ranks(self, document: Document) -> Iterator[tuple[int, tuple[Instruction, int, int]]]:
        """Yield the first line of each instruction of a stage, with the instruction, its stage and its rank."""
        for instruction in document.instructions:
            if instruction.name == "FROM":
                self._totals.append(0)
            if self._totals:
                self._totals[-1] += _is_step(instruction)
                yield instruction.lines.first, (instruction, len(self._totals) - 1, self._totals[-1])

    def unit(self, line: int) -> Unit | None:
        """Find the user's instruction for the expanded one that begins on a line."""
        return self._units.get(line)

    def rename(self, name: str, unit: Unit) -> str:
        """Return a step's name with the user's numbers; a name without numbers stays as it is."""
        match = _NUMBERED.fullmatch(name)
        return name if match is None else self._prefix(match, unit) + match["rest"]

    def title(self, name: str, unit: Unit) -> str:
        """Return the name of a whole PYENV, from the name of one of its steps."""
        match = _NUMBERED.fullmatch(name)
        return unit.text if match is None else self._prefix(match, unit) + unit.text

    def _prefix(self, match: re.Match[str], unit: Unit) -> str:
        # Steps that the file does not have: the base image, and its ONBUILD triggers.
        before = int(match["total"]) - self._expanded_totals[unit.stage]
        total = before + self._totals[unit.stage]
        index = int(match["index"]) - unit.expanded_rank + unit.rank
        head = match["head"].removesuffix(self._single_stage)
        return f"[{head}{index:>{len(str(total))}}/{total}] "


def image_name(name: str) -> str:
    """Return the name of the step that loads an image that no stage begins with, from its name in a FROM of its own."""
    match = _NUMBERED.fullmatch(name)
    return name if match is None else match["rest"]


def base_name(name: str, program: Program, stage: Stage) -> str:
    """Return the name that the step that loads a base image has in the whole build.

    Args:
        name: its name in a Dockerfile with this FROM alone, `[1/1] FROM docker.io/library/debian`, or without number.
        program: the user's file.
        stage: the stage that begins with it.
    """
    match = _NUMBERED.fullmatch(f"[1/1] {name}" if name.startswith("FROM ") else name)
    if match is None:
        return name
    counted = sum(map(_is_step, stage.instructions))
    called = "" if _has_single_stage(program.document) else f"{stage.name or f'stage-{stage.index}'} "
    return f"[{match['head']}{called}{1:>{len(str(counted + 1))}}/{counted + 1}] {match['rest']}"


def _is_step(instruction: Instruction) -> bool:
    return instruction.name in _COUNTED or instruction.name == "PYENV"


def _has_single_stage(document: Document) -> bool:
    """Tell whether the user's file has one stage for Docker's frontend.

    An image that COPY takes files from counts as a stage, and so does what a RUN mounts, whatever that is.
    """
    stages = sum(instruction.name == "FROM" for instruction in document.instructions)
    return stages == 1 and not any(
        flag.name.text == _FROM_OTHER_STAGES.get(instruction.name)
        for instruction in document.instructions
        for flag in instruction.flags
    )


def _only_stage(document: Document) -> str:
    """Return the name that Docker's frontend gives a stage if there are several."""
    words = next(
        instruction.arguments.text.split() for instruction in document.instructions if instruction.name == "FROM"
    )
    return words[2].decode("utf-8", "replace").lower() if len(words) == 3 else "stage-0"
