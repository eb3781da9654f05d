"""What the steps of a build are called, in the user's own counting: `[builder 2/5] PYENV 3.8 snowpark reqs.txt`.

Docker's frontend counts COPY, ADD, RUN and WORKDIR of a stage, and 1 more for an image that the stage is based on. It
counted the expanded file; here a PYENV is one step, however many instructions stand for it.

Source of truth: BuildKit `dockerfile2llb/convert.go` (`prefixCommand`, and where `stageName` and `cmdTotal` are set).
"""

from __future__ import annotations

__all__ = ["Numbering", "Unit", "base_name"]

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenv_frontend.document import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenv_frontend.document import Document, Instruction
    from pyenv_frontend.expansion.expand import Expansion
    from pyenv_frontend.language import Program, Stage
    from pyenv_frontend.position import Lines

_COUNTED = frozenset({"ADD", "COPY", "RUN", "WORKDIR"})
_NUMBERED = re.compile(r"\[(?P<head>(?:[^\] ]+ )*) *(?P<index>\d+)/(?P<total>\d+)\] (?P<rest>.*)", re.DOTALL)
_FROM = re.compile(rb"(?:^|,)from=([^,]*)")


@dataclass(frozen=True, slots=True)
class Unit:
    """One instruction of the user's as a step of its stage."""

    instruction: Instruction
    """In the user's file."""
    stage: int
    rank: int
    """How many of the user's steps the stage has up to and with this one; 0 for FROM."""
    expanded_rank: int
    """The same for the expanded file, at the line that was asked for."""

    @property
    def is_pyenv(self) -> bool:
        """Whether it is a PYENV."""
        return self.instruction.name == "PYENV"

    @property
    def text(self) -> str:
        """The instruction in one line, as names of steps have it."""
        return " ".join(self.instruction.logical.text.decode("utf-8", "replace").split())


class Numbering:
    """The two countings of one file side by side."""

    def __init__(self, document: Document, expansion: Expansion) -> None:
        """Count.

        Args:
            document: the user's file.
            expansion: the same without PYENV.
        """
        self._units: dict[int, Unit] = {}
        self._expanded_totals: list[int] = []
        self._totals: list[int] = []
        self._single = _has_single_stage(document)
        by_line = {instruction.lines.first: instruction for instruction in document.instructions}
        self._count(parse(expansion.source), by_line, expansion)

    def _count(self, expanded: Document, by_line: dict[int, Instruction], expansion: Expansion) -> None:
        last: Lines | None = None
        for instruction in expanded.instructions:
            if instruction.name == "FROM":
                self._totals.append(0)
                self._expanded_totals.append(0)
            if not self._totals:
                continue
            lines = expansion.lines.cover(instruction.lines)
            if instruction.name in _COUNTED:
                self._expanded_totals[-1] += 1
                self._totals[-1] += lines != last
                last = lines
            user = by_line.get(lines.first)
            if user is not None:
                unit = Unit(user, len(self._totals) - 1, self._totals[-1], self._expanded_totals[-1])
                self._units[instruction.lines.first] = unit

    def unit(self, line: int) -> Unit | None:
        """Find the user's instruction for the expanded one that begins on a line."""
        return self._units.get(line)

    def rename(self, name: str, unit: Unit) -> str:
        """Give a step's name with the user's numbers; a name without numbers stays as it is."""
        match = _NUMBERED.fullmatch(name)
        return name if match is None else self._prefix(match, unit) + match["rest"]

    def title(self, name: str, unit: Unit) -> str:
        """Give what a whole PYENV is called, after the name of one of its parts."""
        match = _NUMBERED.fullmatch(name)
        return unit.text if match is None else self._prefix(match, unit) + unit.text

    def _prefix(self, match: re.Match[str], unit: Unit) -> str:
        # Steps that the file does not have: the base image, and its ONBUILD triggers.
        before = int(match["total"]) - self._expanded_totals[unit.stage]
        total = before + self._totals[unit.stage]
        index = int(match["index"]) - unit.expanded_rank + unit.rank
        head = match["head"].removesuffix("stage-0 ") if self._single else match["head"]
        return f"[{head}{index:>{len(str(total))}}/{total}] "


def base_name(name: str, program: Program, stage: Stage | None) -> str:
    """Give the step that loads a base image the name that it has in the whole build.

    Args:
        name: what it is called in a Dockerfile of this one FROM: `[1/1] FROM docker.io/library/debian`.
        program: the user's file.
        stage: the stage that begins with it; None for an image that is only looked at.
    """
    match = _NUMBERED.fullmatch(name)
    if match is None or stage is None:
        return name if match is None else match["rest"]
    counted = sum(each.name in _COUNTED or each.name == "PYENV" for each in stage.instructions)
    called = "" if _has_single_stage(program.document) else f"{stage.name or f'stage-{stage.index}'} "
    return f"[{match['head']}{called}{1:>{len(str(counted + 1))}}/{counted + 1}] {match['rest']}"


def _has_single_stage(document: Document) -> bool:
    """Tell whether the user's file makes one stage: images that COPY or RUN take files from count as stages."""
    stages = sum(instruction.name == "FROM" for instruction in document.instructions)
    return stages == 1 and not any(_foreign(document))


def _foreign(document: Document) -> Iterator[bool]:
    for instruction in document.instructions:
        if instruction.name in {"COPY", "RUN"}:
            for flag in instruction.flags:
                yield flag.name.text == b"from"
                yield flag.name.text == b"mount" and flag.value is not None and bool(_FROM.search(flag.value.text))
