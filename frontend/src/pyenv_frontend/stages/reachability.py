"""Find the stages that a build of some target needs; others are ignored, as the engine does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.dockerfile.command import unquoted
from pyenv_frontend.pyenv.mount import read_mount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyenv_frontend.dockerfile import Instruction
    from pyenv_frontend.dockerfile.command import Flag
    from pyenv_frontend.stages.stages import OpenStage

__all__ = ["reachable", "references"]


def reachable(stages: Sequence[OpenStage], target: str) -> set[int]:
    """Return the numbers of the stages that are needed for `target` (empty: the last one).

    They are the target, what it is based on, and what `COPY --from`, `RUN --mount=from=`, and a PYENV's `--from`,
    `--builder` and `--uv` name, in turn. If that cannot be determined, because a name has a variable in it or the
    target does not exist, all stages are returned.
    """
    everything = set(range(len(stages)))
    targets = [stage for stage in stages if stage.name == target.lower()] if target else [*stages]
    if not targets:
        return everything
    waiting, needed_numbers = [targets[-1]], {targets[-1].index}
    while waiting:
        stage = waiting.pop()
        needed = [stage.parent] if stage.parent else []
        for _, reference in references(stage.instructions):
            if "$" in reference:
                return everything
            needed += [other for other in stages if other.answers_to(reference)]
        waiting += [other for other in needed if other.index not in needed_numbers]
        needed_numbers.update(other.index for other in needed)
    return needed_numbers


def references(instructions: Sequence[Instruction]) -> Iterator[tuple[Flag, str]]:
    """Return the flags of instructions and triggers that name stages or images, and what they name."""
    for instruction in instructions:
        trigger = instruction.trigger
        for flag in (*instruction.flags, *(trigger.flags if trigger else ())):
            if flag.value is None:
                continue
            name = flag.name.text
            if name in {b"from", b"builder", b"uv"}:
                yield flag, unquoted(flag.value.text.decode(errors="replace"), instruction.escape.decode())
            elif name == b"mount" and b"from" in flag.value.text.lower():
                mount = read_mount(flag.value.text.decode(errors="replace"), instruction.escape.decode())
                if mount.source_stage:
                    yield flag, mount.source_stage
