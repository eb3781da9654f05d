"""Errors as the client gets them: one sentence, and the places in the user's Dockerfile that it refers to.

A place is a detail `errdefs.Source` of the status, in the JSON that Go's encoder makes of the protobuf message; buildx
prints the marked lines for it. Positions also stand in the text of Docker's parse errors.

Source of truth: BuildKit `solver/errdefs/errdefs.proto`, `util/grpcerrors`, `frontend/dockerfile/parser/errors.go`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pyenv_frontend.buildkit import results
from pyenv_frontend.buildkit.status import Detail, Status
from pyenv_frontend.errors import UserError
from pyenv_frontend.positions import Location, SourceFile, Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenv_frontend.buildkit.results import JsonRanges
    from pyenv_frontend.dockerfile import Document
    from pyenv_frontend.positions import Lines
    from pyenv_frontend.solve.relabel import Labels
    from pyenv_frontend.solve.source import UserFile

__all__ = [
    "at_lines",
    "located",
    "not_utf_8",
    "of_same_lines",
    "relabelled",
    "relabelled_ranges",
    "too_large",
    "without_mark",
]

SOURCE = "github.com/moby/buildkit/errdefs.Source+json"
_SHOWN = 200
_ON_LINE = re.compile(r"\bon line (\d+)")


def located(error: UserError, file: UserFile) -> Status:
    """Make a status from a mistake in the user's Dockerfile, or in a file that it refers to."""
    details = []
    notes = []
    for location in error.locations:
        if location.file.data == file.text and location.file.name == file.name:
            place = {
                "info": results.source_info_json(file.name, file.text),
                "ranges": results.line_ranges_json(location.lines.numbers()),
            }
            details.append(Detail(SOURCE, json.dumps(place).encode()))
        else:
            notes.append(f"{location.file.name}:{location.position.line}")
    sentence = error.message + (f" ({', '.join(notes)})" if notes else "")
    sentence += f". Expected {error.expected}" if error.expected else ""
    sentence += f". {error.hint[:1].upper()}{error.hint[1:]}" if error.hint else ""
    return Status(sentence, details=tuple(details))


def relabelled(status: Status, labels: Labels) -> Status:
    """Change an error about the expanded file into one about the user's; unknown details are kept."""
    message = _ON_LINE.sub(lambda match: f"on line {labels.line(int(match[1]))}", status.message)
    details = tuple(
        _source(detail, labels.expanded, labels.file, lambda ranges: relabelled_ranges(ranges, labels))
        for detail in status.details
    )
    return Status(message, status.code, details)


def at_lines(status: Status, text: bytes, file: UserFile, lines: Lines) -> Status:
    """Change an error about a small generated Dockerfile into one about the user's lines that it was made for."""
    ranges = results.line_ranges_json(lines.numbers())
    details = tuple(_source(detail, text, file, lambda _: ranges) for detail in status.details)
    return Status(_ON_LINE.sub(f"on line {lines.first}", status.message), status.code, details)


def of_same_lines(status: Status, text: bytes, file: UserFile) -> Status:
    """Change an error about a generated file with the same lines as the user's into one about the user's."""
    details = tuple(_source(detail, text, file, lambda ranges: ranges) for detail in status.details)
    return Status(status.message, status.code, details)


def too_large(status: Status, document: Document) -> Status:
    """Add advice to the error of a file that does not fit into the engine's messages; point at its largest instruction.

    The detail contains only that instruction's first line: to an error without a place the engine adds the whole file,
    and then the client cannot read it.
    """
    largest = max(document.instructions, key=lambda instruction: len(instruction.text))
    line = largest.lines.first
    text = b"\n" * (line - 1) + largest.text.partition(b"\n")[0][:_SHOWN]
    place = {
        "info": results.source_info_json(document.file.name, text),
        "ranges": results.line_ranges_json([line]),
    }
    hint = (
        "A Dockerfile with PYENV travels to the engine in messages of at most 16 MiB: move what makes it so large "
        "(heredocs, long commands) into files of the build context"
    )
    return Status(f"{status.message}. {hint}", details=(Detail(SOURCE, json.dumps(place).encode()),))


def without_mark(status: Status, filename: str) -> Status:
    """Return an error that no line of the Dockerfile is marked for; one that has a place is left unchanged."""
    if any(detail.type_url == SOURCE for detail in status.details):
        return status
    nowhere = Detail(SOURCE, json.dumps({"info": {"filename": filename}, "ranges": []}).encode())
    return Status(status.message, status.code, (*status.details, nowhere))


def not_utf_8(status: Status, file: UserFile) -> Status:
    """Change an error that the engine cannot put into words into one about the first bytes that are not UTF-8.

    In comments, Docker's frontend takes any byte.
    """
    for number, line in enumerate(file.text.split(b"\n"), start=1):
        if line.lstrip().startswith(b"#"):
            continue
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            start = sum(map(len, file.text.split(b"\n")[: number - 1])) + number - 1 + error.start
            location = Location(SourceFile(file.name, file.text), Span(start, start + 1))
            message = f"{file.name} is not text in UTF-8: byte {start}, in line {number}"
            return located(UserError(message, location, hint="save it as UTF-8"), file)
    return status


def _source(detail: Detail, text: bytes, file: UserFile, ranges: Callable[[JsonRanges], JsonRanges]) -> Detail:
    """Change a place in `text` into one in the user's file; other details are left unchanged."""
    if detail.type_url != SOURCE:
        return detail
    try:
        place: dict[str, Any] = json.loads(detail.value)
        info = place["info"]
        if results.data_of(info) != text:
            return detail
    except (ValueError, LookupError, TypeError):
        return detail
    info |= results.source_info_json(file.name, file.text)
    place["ranges"] = ranges(place.get("ranges") or [])
    return Detail(detail.type_url, json.dumps(place).encode())


def relabelled_ranges(ranges: JsonRanges, labels: Labels) -> JsonRanges:
    """Relabel ranges in the form of Go's JSON encoder."""
    return results.ranges_to_json(labels.ranges(results.ranges_from_json(ranges)))
