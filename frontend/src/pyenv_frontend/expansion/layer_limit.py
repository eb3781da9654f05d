"""Count the layers of an image, and build fewer of them where it would have too many. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyenv_frontend.expansion.base_image import Base
    from pyenv_frontend.expansion.expand import BaseKey, Step
    from pyenv_frontend.expansion.independence import Way
    from pyenv_frontend.stages.program import Program, Stage

__all__ = ["count_layers", "limit", "limited_ways", "more_layers"]

_MOST = 120
"""Layers of an image, a few fewer than engines can stack."""

_REASON = f"the image would have more than {_MOST} layers"
_WITH_LAYER = frozenset({"RUN", "COPY", "ADD", "WORKDIR"})
"""The instructions that make one."""


def limit(layers: int, steps: Sequence[Step], *, merge: bool) -> Sequence[Step]:
    """Return the steps with fewer layers where an image would have too many.

    Heavy distributions stay with the rest then. If that does not suffice, all steps run on their stages, unless that
    saves no layer.

    Args:
        layers: the layers that the image has with one for each step.
        steps: the generated steps of the expanded file.
        merge: whether the engine merges what independent steps bring in.
    """
    together = [replace(step, parts=None) for step in steps]
    for choice in (steps, together):
        more = sum(more_layers(step, merge=merge) for step in choice)
        if layers + more <= _MOST:
            return choice
    return [replace(step, independent=False) for step in together] if more else together


def more_layers(step: Step, *, merge: bool) -> int:
    """Return how many layers a step has beside its first, which has its result."""
    if not step.independent:
        return 0
    # Where layers are merged, the folders above get their times again, and an earlier environment is removed before.
    merged = 0 if not merge else 1 if step.kind == "graft" else 2
    return merged + (step.parts is not None)


def limited_ways(ways: Sequence[Way], planned: Sequence[Step], limited: Sequence[Step]) -> list[Way]:
    """Return the ways in which environments are installed by limited steps.

    Args:
        ways: those of the planned steps.
        planned: the steps of the expanded file.
        limited: what `limit` has made of them.
    """
    changed = list(ways)
    for before, after in zip(planned, limited, strict=True):
        way = changed[before.environment]
        if before.kind != "environment":
            continue
        if before.independent and not after.independent:
            changed[before.environment] = replace(way, reason=_REASON, layers="")
        elif before.parts is not None and after.parts is None:
            changed[before.environment] = replace(way, layers=f"in one layer: {_REASON}")
    return changed


def count_layers(program: Program, bases: Mapping[BaseKey, Base], steps: Sequence[Step], target: str) -> int:
    """Count the layers of an image with one for each step, as far as they follow from its Dockerfile.

    Args:
        program: the Dockerfile.
        bases: the images that its stages begin with.
        steps: its generated steps.
        target: the stage that is built; empty: the last one.
    """
    named = [stage for stage in program.stages if target and stage.name == target.lower()]
    stage: Stage = (named or [*program.stages])[-1]
    base = bases.get((stage.root, stage.root_platform))
    layers = base.layers if base is not None else 0
    while True:
        start = stage.instruction.span.start
        later = [other.instruction.span.start for other in program.stages if other.instruction.span.start > start]
        end = min(later, default=len(program.document.file.data))
        inside = [one for one in program.document.instructions if start < one.span.start < end]
        layers += sum(instruction.name in _WITH_LAYER for instruction in inside)
        layers += sum(step.stage == stage.index for step in steps)
        if stage.parent is None:
            return layers
        stage = next(other for other in program.stages if other.index == stage.parent)
