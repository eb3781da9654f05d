"""`--call=convertllb`: the graph of a file with PYENV as JSON, speaking of the user's file.

Its steps are those of the expanded file in the order of that file; what a build hangs side by side, here stands one
behind the other.

Source of truth: BuildKit `frontend/subrequests/convertllb` for the form of the answer.
"""

from __future__ import annotations

__all__ = ["answer", "relabelled_graph"]

import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.solve.error_details import relabelled, relabelled_ranges
from pyenv_frontend.solve.prepare import prepare

if TYPE_CHECKING:
    from pyenv_frontend.solve.relabel import Labels
    from pyenv_frontend.solve.session import Handover

_JSON = "result.json"


def answer(handover: Handover) -> wire.Result:
    """Let the delegate convert the expanded file, of the first platform.

    Raises:
        CallError: the delegate refuses, or does not know the call (Docker's built-in one before BuildKit 0.20).
        UserError: a PYENV is wrong.
    """
    prepared = prepare(handover)[0]
    options = handover.options
    quiet = options.quiet(prepared.options)  # its warnings would be about lines of the expanded file
    try:
        result = handover.bridge.solve_frontend(options.delegate.frontend, quiet, prepared.inputs).get()
    except CallError as error:
        raise CallError(error.method, relabelled(error.status, prepared.labels)) from error
    found = json.loads(result.metadata[_JSON])
    relabelled_graph(found, prepared.labels)
    result.metadata[_JSON] = json.dumps(found, indent=2).encode()
    return result


def relabelled_graph(found: dict[str, Any], labels: Labels) -> None:
    """Relabel the JSON of a graph in place, as a build's graph is relabelled: steps, groups, places, source."""
    source = found.get("source") or {}
    graph = _without_ops(found.get("metadata") or {}, source)
    labels.apply(graph)
    for digest, metadata in graph.metadata.items():
        entry = found["metadata"][digest]
        if metadata.description:
            entry["description"] = dict(metadata.description)
        if metadata.HasField("progress_group"):
            group = metadata.progress_group
            entry["progress_group"] = {"id": group.id, "name": group.name, "weak": group.weak}
    ours = set()
    for index, info in enumerate(source.get("infos") or []):
        if b64decode(info.get("data", "")) == labels.expanded:
            ours.add(index)
            info |= {"filename": labels.file.name, "data": b64encode(labels.file.text).decode()}
            info.pop("definition", None)  # that of the file that we wrote
    for places in (source.get("locations") or {}).values():
        for place in places.get("locations") or []:
            if place.get("sourceIndex", 0) in ours:
                place["ranges"] = relabelled_ranges(place.get("ranges") or [], labels)


def _without_ops(metadata: dict[str, Any], source: dict[str, Any]) -> wire.Definition:
    """Give a graph's names, groups and places in the form that `Labels` works on."""
    graph = wire.Definition()
    for digest, entry in metadata.items():
        graph.metadata[digest].description.update(entry.get("description") or {})
        if group := entry.get("progress_group"):
            graph.metadata[digest].progress_group.CopyFrom(wire.ProgressGroup(**group))
    for info in source.get("infos") or []:
        graph.source.infos.add(filename=info.get("filename", ""), data=b64decode(info.get("data", "")))
    for digest, places in (source.get("locations") or {}).items():
        for place in places.get("locations") or []:
            ranges = [wire.Range(start=each.get("start"), end=each.get("end")) for each in place.get("ranges") or []]
            graph.source.locations[digest].locations.add(source_index=place.get("sourceIndex", 0), ranges=ranges)
    return graph
