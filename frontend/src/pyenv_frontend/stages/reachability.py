"""Which stages a build of some target touches: what no stage needs is not looked at, as the engine does not either."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyenv_frontend.dockerfile import Instruction
    from pyenv_frontend.dockerfile.command import Flag
    from pyenv_frontend.stages.stages import OpenStage

__all__ = ["reachable", "references"]

_REFERENCE = re.compile(rb"""(?:^--|,)["']?(?:from|builder)=["']?([^,"']+)""")


def reachable(stages: Sequence[OpenStage], target: str) -> set[int]:
    """The numbers of the stages that are needed for `target` (empty: the last one).

    They are the target, what it is based on, and what `COPY --from`, `RUN --mount=from=`, and a PYENV's `--from` and
    `--builder` name, in turn. Where that cannot be told, which is for a name with a variable in it and for a target
    that is not there, it is all of them.
    """
    everything = set(range(len(stages)))
    wanted = [stage for stage in stages if stage.name == target.lower()] if target else [*stages]
    if not wanted:
        return everything
    waiting, found = [wanted[-1]], {wanted[-1].index}
    while waiting:
        stage = waiting.pop()
        needed = [stage.parent] if stage.parent else []
        for _, reference in references(stage.instructions):
            if "$" in reference:
                return everything
            needed += [each for each in stages if each.answers_to(reference)]
        waiting += [each for each in needed if each.index not in found]
        found.update(each.index for each in needed)
    return found


def references(instructions: Sequence[Instruction]) -> Iterator[tuple[Flag, str]]:
    """The flags of instructions and triggers that name stages or images, and what they name."""
    for instruction in instructions:
        trigger = instruction.trigger
        for flag in (*instruction.flags, *(trigger.flags if trigger else ())):
            text = flag.text.text
            if b"from" in text or b"builder" in text:
                start = text.find(b"=") + 1 if text.startswith(b"--mount") else 0
                for found in _REFERENCE.finditer(b"," + text[start:] if start else text):
                    yield flag, found[1].decode(errors="replace")
