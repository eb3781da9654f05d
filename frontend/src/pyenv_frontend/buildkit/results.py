"""Results, their file systems and metadata, and places in source files, in all forms that BuildKit uses.

A place in a source file is a protobuf message in a graph, and JSON in the details of an error and in the answer to a
subrequest. The JSON is what Go's encoder makes of the message: fields that are zero are left out.

Source of truth: BuildKit `exporter/containerimage/exptypes`, `frontend/subrequests/*`, `solver/errdefs`.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from pyenv_frontend.buildkit import wire_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    type JsonRanges = list[dict[str, Any]]

__all__ = [
    "IMAGE_CONFIG",
    "RESULT_JSON",
    "RESULT_STATUS_CODE",
    "RESULT_TEXT",
    "all_file_systems",
    "data_of",
    "file_systems",
    "image_config_keys",
    "image_configuration",
    "join_platforms",
    "line_ranges",
    "line_ranges_json",
    "ranges_from_json",
    "ranges_to_json",
    "source_info",
    "source_info_json",
]

IMAGE_CONFIG = "containerimage.config"
"""Key of an image's configuration in a result's metadata; with several platforms, followed by `/` and the platform."""
RESULT_JSON, RESULT_TEXT, RESULT_STATUS_CODE = "result.json", "result.txt", "result.statuscode"
"""Keys of the answer to a subrequest."""
_PLATFORMS = "refs.platforms"


def file_systems(result: wire.Result) -> dict[str, wire.Ref]:
    """Return the file systems of a result by platform; a result for a single one has it under an empty name."""
    return {"": result.ref} if result.HasField("ref") else dict(result.refs.refs)


def all_file_systems(result: wire.Result) -> list[wire.Ref]:
    """Return the file systems of a result and of its attestations."""
    attestations = (attestation for group in result.attestations.values() for attestation in group.attestations)
    return [
        *file_systems(result).values(),
        *(attestation.ref for attestation in attestations if attestation.HasField("ref")),
    ]


def image_config_keys(result: wire.Result) -> list[str]:
    """Return the metadata keys that hold image configurations."""
    return [key for key in result.metadata if key.partition("/")[0] == IMAGE_CONFIG]


def image_configuration(result: wire.Result, platform: str = "") -> Mapping[str, Any]:
    """Return an image's whole configuration; empty if the result has none."""
    keys = [f"{IMAGE_CONFIG}/{platform}", IMAGE_CONFIG, *image_config_keys(result)]
    raw = next((result.metadata[key] for key in keys if key in result.metadata), b"{}")
    configuration: Mapping[str, Any] = json.loads(raw)
    return configuration


def join_platforms(results: Sequence[wire.Result]) -> wire.Result:
    """Join the results of several platforms to one."""
    if len(results) == 1:
        return results[0]
    joined = wire.Result()
    platforms = []
    for result in results:
        for name, ref in result.refs.refs.items():
            joined.refs.refs[name].CopyFrom(ref)
        for name, attestations in result.attestations.items():
            joined.attestations[name].CopyFrom(attestations)
        for key, value in result.metadata.items():
            joined.metadata[key] = value
        platforms += json.loads(result.metadata[_PLATFORMS])["Platforms"]
    joined.metadata[_PLATFORMS] = json.dumps({"Platforms": platforms}).encode()
    return joined


def line_ranges(lines: Iterable[int]) -> list[wire.Range]:
    """Return one range for each line, as Docker's frontend writes them."""
    return [wire.Range(start={"line": line}, end={"line": line}) for line in lines]


def line_ranges_json(lines: Iterable[int]) -> JsonRanges:
    """Return one range for each line, as JSON."""
    return ranges_to_json(line_ranges(lines))


def ranges_from_json(ranges: Iterable[dict[str, Any]] | None) -> list[wire.Range]:
    """Read ranges from decoded JSON."""
    return [wire.Range(start=entry.get("start"), end=entry.get("end")) for entry in ranges or ()]


def ranges_to_json(ranges: Iterable[wire.Range]) -> JsonRanges:
    """Write ranges as JSON."""
    return [{"start": _position_to_json(entry.start), "end": _position_to_json(entry.end)} for entry in ranges]


def _position_to_json(position: wire.Position) -> dict[str, int]:
    fields = {"line": position.line, "character": position.character}
    return {key: value for key, value in fields.items() if value}


def source_info(name: str, data: bytes, definition: wire.Definition) -> wire.SourceInfo:
    """Return the description of a Dockerfile that warnings refer to."""
    return wire.SourceInfo(filename=name, data=data, language="Dockerfile", definition=definition)


def source_info_json(name: str, data: bytes) -> dict[str, str]:
    """Return the description of a Dockerfile, as JSON, that errors and the answers to subrequests refer to."""
    return {"filename": name, "data": b64encode(data).decode(), "language": "Dockerfile"}


def data_of(info: Mapping[str, Any]) -> bytes:
    """Return the text of a file from its description."""
    return b64decode(info.get("data") or "")
