"""pip's requirements file format, as far as it names other files; the requirements themselves are `packaging`'s.

What is an option, a comment and a continued line follows pip's documentation ("Requirements File Format").
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from pyenv_frontend.positions import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Entry", "EntryKind", "decode", "is_file", "local_path", "read_entries"]

EntryKind = Literal["requirement", "editable", "file", "constraint", "find-links"]

_OPTIONS: Final[dict[str, EntryKind]] = {
    "-r": "file",
    "--requirement": "file",
    "-c": "constraint",
    "--constraint": "constraint",
    "-e": "editable",
    "--editable": "editable",
    "-f": "find-links",
    "--find-links": "find-links",
}
_COMMENT: Final = re.compile(r"(^|[ \t]+)#.*$")
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ARCHIVES: Final = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar")
_EXTRAS: Final = re.compile(r"(?P<path>.+?)\[[A-Za-z0-9._,\s-]*\]")
_DIRECT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?\s*@\s*(?P<target>\S+)")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?=//)")


class Entry(NamedTuple):
    """One statement of a requirements file."""

    kind: EntryKind

    value: str
    """The requirement without its per-requirement options, or the option's argument."""

    span: Span
    """Where the line it begins on stands, in bytes of the file; the text itself where it can be told."""


def decode(data: bytes) -> str:
    """The text of a requirements file, in the encoding its byte order mark names, else UTF-8.

    Raises:
        UnicodeDecodeError: it is in neither.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding)
    return data.decode("utf-8")


def read_entries(data: bytes) -> Iterator[Entry]:
    """The statements that name something to install or another file, in order.

    Raises:
        UnicodeDecodeError: the file is not text.
    """
    text = decode(data)
    exact = text.encode() == data  # offsets are only worth something where nothing was recoded
    for line, start in _logical_lines(text):
        statement = _COMMENT.sub("", line).strip()
        entry = _entry(statement) if statement else None
        if entry:
            kind, value = entry
            column = max(line.find(value), 0)
            offset = len(text[: start + column].encode())
            span = Span(offset, offset + len(value.encode())) if exact else Span(0, 0)
            yield Entry(kind, value, span)


def is_file(path: str) -> bool:
    """Whether a path that a requirement or `--find-links` names is a file by its name, and not a directory."""
    return path.lower().endswith((*_ARCHIVES, ".html", ".htm"))


def local_path(requirement: str) -> str | None:
    """The file or directory that a requirement or `-e` names, or None when it is a name, an address or a variable.

    `./pkg`, `pkg/`, `dist/a-1.0-py3-none-any.whl`, `pkg @ file:./pkg`, `./pkg[extra]`; markers are left away.
    """
    text = requirement.partition(" ;")[0].strip()
    if found := _DIRECT.fullmatch(text):
        text = found["target"]
    if text.lower().startswith("file:"):
        text = re.sub(r"^file:(//(localhost)?(?=/))?", "", text, flags=re.IGNORECASE)
    elif _SCHEME.match(text):
        return None
    if found := _EXTRAS.fullmatch(text):
        text = found["path"]
    named = (
        text in {".", ".."} or text.startswith(("./", "../", "/")) or "/" in text or text.lower().endswith(_ARCHIVES)
    )
    is_path = named and not re.search(r"\s", text) and not re.search(r"[<>=!~]=", text)
    return text.partition("#")[0] if is_path else None


def _logical_lines(text: str) -> Iterator[tuple[str, int]]:
    """Lines with continuations joined, and the offset in `text` at which each begins. A comment ends no joined line."""
    parts: list[str] = []
    begin = offset = 0
    for line in text.splitlines(keepends=True):
        if not parts:
            begin = offset
        offset += len(line)
        body = line.rstrip("\r\n")
        if body.endswith("\\") and not _COMMENT.search(body):
            parts.append(body[:-1])
            continue
        yield "".join([*parts, body]), begin
        parts = []
    if parts:
        yield "".join(parts), begin


def _entry(statement: str) -> tuple[EntryKind, str] | None:
    """What a statement says; None for an option that names no file (`--pre`, `--index-url`)."""
    if not statement.startswith("-"):
        return "requirement", re.split(r"\s--?[a-z]", statement, maxsplit=1)[0].strip()
    import shlex  # noqa: PLC0415 - few files have such a statement

    try:
        words = shlex.split(statement)
    except ValueError:
        words = statement.split()
    option, equals, value = words[0].partition("=")
    if option.startswith("--"):
        kind = _long(option)
        value = value if equals else " ".join(words[1:2])
    else:
        kind = _OPTIONS.get(option[:2])
        value = words[0][2:] or " ".join(words[1:2])
    return (kind, value) if kind and value else None


def _long(option: str) -> EntryKind | None:
    """The kind of a long option, which may be cut short as far as it stays the only one."""
    if option in _OPTIONS:
        return _OPTIONS[option]
    found = {kind for name, kind in _OPTIONS.items() if name.startswith(option) and len(option) > len("--re")}
    return found.pop() if len(found) == 1 else None
