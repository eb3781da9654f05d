"""From what the delegate made of an expanded file to the result: side by side, relabelled, solved."""

from __future__ import annotations

__all__ = ["can_merge", "finish", "run"]

from typing import TYPE_CHECKING

from pyenv_frontend.buildkit.api import RefId
from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.solve.base_images import IMAGE_CONFIG
from pyenv_frontend.solve.error_details import of_pyenv, relabelled
from pyenv_frontend.solve.image_history import retold
from pyenv_frontend.solve.install_graph import rehang

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.buildkit.api import Bridge, Reply
    from pyenv_frontend.solve.prepare import Prepared
    from pyenv_frontend.solve.session import Handover

_MERGE = frozenset({"mergeop", "diffop"})


def can_merge(engine: wire.PongResponse) -> bool:
    """Whether the engine's store can merge file systems and tell them apart."""
    return {cap.id for cap in engine.llb_caps if cap.enabled} >= _MERGE


def finish(bridge: Bridge, reply: Reply[wire.Result], prepared: Prepared, *, merge: bool) -> wire.Result:
    """Take the delegate's result, and put graphs that are side by side and relabelled in the place of its own.

    Raises:
        CallError: the delegate could not make a graph of the file; places are the user's own.
    """
    labels = prepared.labels
    try:
        result = reply.get()
    except CallError as error:
        raise CallError(error.method, relabelled(error.status, labels)) from error
    solved = []
    for ref in _refs(result):
        definition = rehang(ref.definition, prepared.expansion.steps, source=labels.expanded, merge=merge)
        labels.apply(definition)
        solved.append((ref, bridge.solve(definition)))
    for ref, answer in solved:
        ref.id = answer.get().ref.id
    for key in [key for key in result.metadata if key.partition("/")[0] == IMAGE_CONFIG]:
        result.metadata[key] = retold(result.metadata[key], prepared.expansion.steps)
    return result


def run(handover: Handover, results: Sequence[wire.Result]) -> None:
    """Run the build's steps, to be there when a PYENV fails: the engine's error would quote the command made of it.

    Any other error is passed over. The engine, which runs no step twice, meets it again when it takes the results, and
    then with all that a client can ask about a failed step.

    Raises:
        CallError: a PYENV has failed.
    """
    refs = [
        ref for result in results for ref in ([result.ref] if result.HasField("ref") else result.refs.refs.values())
    ]
    try:
        handover.bridge.evaluate(*(RefId(ref.id) for ref in refs if ref.id)).get()
    except CallError as error:
        if of_pyenv(error.status, handover.file, handover.document) is not None:
            raise


def _refs(result: wire.Result) -> Iterator[wire.Ref]:
    """Give the file systems of a result, those of attestations included; empty ones have no graph."""
    refs: Iterable[wire.Ref] = [result.ref] if result.HasField("ref") else result.refs.refs.values()
    attested = (a.ref for group in result.attestations.values() for a in group.attestations if a.HasField("ref"))
    yield from (ref for ref in (*refs, *attested) if ref.definition.ops)
