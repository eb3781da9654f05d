"""`--call=convertllb`: the graph of a file with PYENV as JSON, labelled with the user's lines.

Its steps are those of the expanded file in the order of that file; a build runs some of them side by side.

Source of truth: BuildKit `frontend/subrequests/convertllb` for the form of the answer.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pyenv_frontend.buildkit import results
from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.solve.base_images import BaseImages
from pyenv_frontend.solve.error_details import relabelled, relabelled_ranges
from pyenv_frontend.solve.expand_build import expand_build

if TYPE_CHECKING:
    from pyenv_frontend.solve.relabel import Labels
    from pyenv_frontend.solve.session import BuildSession

__all__ = ["REQUEST", "answer", "relabel_graph"]

REQUEST = "frontend.convertllb"


def answer(session: BuildSession) -> wire.Result:
    """Let the delegate convert the expanded file for the first platform.

    Raises:
        CallError: the delegate refuses, or does not know the call (Docker's built-in one before BuildKit 0.20).
        UserError: a PYENV is wrong.
    """
    build = expand_build(session, BaseImages(session, session.outline))[0]
    quiet = session.options.quiet(build.options)  # its warnings would be about lines of the expanded file
    try:
        result = session.bridge.solve_frontend(session.options.delegate.frontend, quiet, build.inputs).get()
    except CallError as error:
        raise CallError(error.method, relabelled(error.status, build.labels)) from error
    graph = json.loads(result.metadata[results.RESULT_JSON])
    relabel_graph(graph, build.labels)
    result.metadata[results.RESULT_JSON] = json.dumps(graph, indent=2).encode()
    return result


def relabel_graph(decoded: dict[str, Any], labels: Labels) -> None:
    """Relabel the JSON of a graph in place, as a build's graph is relabelled: steps, groups, places, source."""
    source = decoded.get("source") or {}
    graph = _without_ops(decoded.get("metadata") or {}, source)
    labels.apply(graph)
    for digest, metadata in graph.metadata.items():
        entry = decoded["metadata"][digest]
        if metadata.description:
            entry["description"] = dict(metadata.description)
        if metadata.HasField("progress_group"):
            group = metadata.progress_group
            entry["progress_group"] = {"id": group.id, "name": group.name, "weak": group.weak}
    ours = set()
    for index, info in enumerate(source.get("infos") or []):
        if results.data_of(info) == labels.expanded:
            ours.add(index)
            info.update(results.source_info_json(labels.file.name, labels.file.text))
            info.pop("definition", None)  # that of the file that we wrote
    for places in (source.get("locations") or {}).values():
        for place in places.get("locations") or []:
            if place.get("sourceIndex", 0) in ours:
                place["ranges"] = relabelled_ranges(place.get("ranges") or [], labels)


def _without_ops(metadata: dict[str, Any], source: dict[str, Any]) -> wire.Definition:
    """Return a graph's names, groups and places in the form that `Labels` takes."""
    graph = wire.Definition()
    for digest, entry in metadata.items():
        graph.metadata[digest].description.update(entry.get("description") or {})
        if group := entry.get("progress_group"):
            graph.metadata[digest].progress_group.CopyFrom(wire.ProgressGroup(**group))
    for info in source.get("infos") or []:
        graph.source.infos.add(filename=info.get("filename", ""), data=results.data_of(info))
    for digest, places in (source.get("locations") or {}).items():
        for place in places.get("locations") or []:
            ranges = results.ranges_from_json(place.get("ranges"))
            graph.source.locations[digest].locations.add(source_index=place.get("sourceIndex", 0), ranges=ranges)
    return graph
