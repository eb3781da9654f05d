"""Turn the delegate's result for an expanded file into the build's result: parallelize, relabel and solve it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import results
from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.solve.error_details import relabelled
from pyenv_frontend.solve.image_history import limit_layers, rewrite_created_by
from pyenv_frontend.solve.install_graph import parallelize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.buildkit.api import Bridge, Reply
    from pyenv_frontend.expansion.expand import Step
    from pyenv_frontend.solve.expanded_build import ExpandedBuild

__all__ = ["can_merge", "finalize"]

_MERGE = frozenset({"mergeop", "diffop"})


def can_merge(engine: wire.PongResponse) -> bool:
    """Tell whether the engine's store can merge and compare file systems."""
    return {cap.id for cap in engine.llb_caps if cap.enabled} >= _MERGE


def finalize(
    bridge: Bridge, reply: Reply[wire.Result], build: ExpandedBuild, *, merge: bool
) -> tuple[wire.Result, Sequence[Step]]:
    """Replace the graphs of the delegate's result by parallelized and relabelled ones.

    Returns:
        The result, and the generated steps as they are built.

    Raises:
        CallError: the delegate could not make a graph of the file; its places are the user's own.
    """
    labels = build.labels
    try:
        result = reply.get()
    except CallError as error:
        raise CallError(error.method, relabelled(error.status, labels)) from error
    keys = [*results.image_config_keys(result)]
    steps = limit_layers([result.metadata[key] for key in keys], build.expansion.steps, merge=merge)
    waiting = []
    for ref in results.all_file_systems(result):
        if ref.definition.ops:  # an empty file system has no graph
            definition = parallelize(
                ref.definition, steps, source=labels.expanded, merge=merge, identities=build.identities
            )
            labels.apply(definition)
            waiting.append((ref, bridge.solve(definition)))
    for ref, solved in waiting:
        ref.id = solved.get().ref.id
    for key in keys:
        result.metadata[key] = rewrite_created_by(result.metadata[key], steps, merge=merge)
    return result, steps
