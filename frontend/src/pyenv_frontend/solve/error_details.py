"""Errors as the client gets them: one sentence, and the places in the user's Dockerfile that it is about.

A place is a detail `errdefs.Source` of the status, in the JSON that Go's encoder makes of the protobuf message; buildx
prints the marked lines for it. Positions also stand in the text of Docker's parse errors.

Source of truth: BuildKit `solver/errdefs/errdefs.proto`, `util/grpcerrors`, `frontend/dockerfile/parser/errors.go`.
"""

from __future__ import annotations

__all__ = ["at_lines", "located", "of_pyenv", "relabelled", "relabelled_ranges"]

import json
import re
from base64 import b64decode, b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.status import Detail, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyenv_frontend.dockerfile import Document
    from pyenv_frontend.errors import UserError
    from pyenv_frontend.positions import Lines
    from pyenv_frontend.solve.relabel import Labels
    from pyenv_frontend.solve.source import UserFile

    type _Ranges = list[dict[str, Any]]

SOURCE = "github.com/moby/buildkit/errdefs.Source+json"
_ON_LINE = re.compile(r"\bon line (\d+)")
_PROCESS = re.compile(r'\bprocess "(?:[^"\\]|\\.)*" did not complete')


def located(error: UserError, file: UserFile) -> Status:
    """Make a status of a mistake in the user's Dockerfile, or in a file that it refers to."""
    details = []
    notes = []
    for location in error.locations:
        if location.file.data == file.text and location.file.name == file.name:
            ranges = [{"start": {"line": line}, "end": {"line": line}} for line in location.lines.numbers()]
            info = {"filename": file.name, "data": _base64(file.text), "language": "Dockerfile"}
            details.append(Detail(SOURCE, json.dumps({"info": info, "ranges": ranges}).encode()))
        else:
            notes.append(f"{location.file.name}:{location.position.line}")
    sentence = error.message + (f" ({', '.join(notes)})" if notes else "")
    sentence += f". Expected {error.expected}" if error.expected else ""
    sentence += f". {error.hint[:1].upper()}{error.hint[1:]}" if error.hint else ""
    return Status(sentence, details=tuple(details))


def relabelled(status: Status, labels: Labels) -> Status:
    """Let an error about the expanded file speak of the user's; details that we do not know are kept."""
    message = _ON_LINE.sub(lambda found: f"on line {labels.line(int(found[1]))}", status.message)
    details = tuple(
        _source(each, labels.expanded, labels.file, lambda ranges: relabelled_ranges(ranges, labels))
        for each in status.details
    )
    return Status(message, status.code, details)


def at_lines(status: Status, text: bytes, file: UserFile, lines: Lines) -> Status:
    """Let an error about a small Dockerfile of ours speak of the user's lines that it was made for."""
    ranges = [{"start": {"line": line}, "end": {"line": line}} for line in lines.numbers()]
    details = tuple(_source(each, text, file, lambda _: ranges) for each in status.details)
    return Status(_ON_LINE.sub(f"on line {lines.first}", status.message), status.code, details)


def of_pyenv(status: Status, file: UserFile, document: Document) -> Status | None:
    """Let the error of a step that stands for a PYENV name the PYENV, where it quotes the command that we made of it.

    Returns:
        None if the error is about something else: what a client can ask about a failed step, it asks by the engine's
        own error, which should then not be replaced.
    """
    lines = {line for each in status.details for line in _lines(each, file)}
    pyenvs = (each for each in document.instructions if each.name == "PYENV" and each.lines.first in lines)
    found = next(pyenvs, None) if _PROCESS.search(status.message) else None
    if found is None:
        return None
    written = json.dumps(found.title, ensure_ascii=False)
    message = _PROCESS.sub(lambda _: f"process {written} did not complete", status.message)
    return Status(message, status.code, status.details)


def _lines(detail: Detail, file: UserFile) -> Iterator[int]:
    """Give the lines of the user's file that a detail marks."""
    if detail.type_url != SOURCE:
        return
    with suppress(ValueError, LookupError, TypeError):
        found: dict[str, Any] = json.loads(detail.value)
        if b64decode(found["info"]["data"]) == file.text:
            yield from (each["start"]["line"] for each in found["ranges"])


def _source(detail: Detail, text: bytes, file: UserFile, ranges: Callable[[_Ranges], _Ranges]) -> Detail:
    """Edit a place in `text` so that it is one in the user's file; other details are left alone."""
    if detail.type_url != SOURCE:
        return detail
    try:
        found: dict[str, Any] = json.loads(detail.value)
        info = found["info"]
        if b64decode(info["data"]) != text:
            return detail
    except (ValueError, LookupError, TypeError):
        return detail
    info |= {"filename": file.name, "data": _base64(file.text)}
    found["ranges"] = ranges(found.get("ranges") or [])
    return Detail(detail.type_url, json.dumps(found).encode())


def relabelled_ranges(ranges: _Ranges, labels: Labels) -> _Ranges:
    """Relabel ranges in the form that Go's JSON encoder gives them: fields that are zero are left out."""
    parsed = [wire.Range(start=_position(each.get("start")), end=_position(each.get("end"))) for each in ranges]
    return [{"start": _json(each.start), "end": _json(each.end)} for each in labels.ranges(parsed)]


def _position(found: dict[str, int] | None) -> wire.Position:
    found = found or {}
    return wire.Position(line=found.get("line", 0), character=found.get("character", 0))


def _json(position: wire.Position) -> dict[str, int]:
    fields = {"line": position.line, "character": position.character}
    return {key: value for key, value in fields.items() if value}


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
