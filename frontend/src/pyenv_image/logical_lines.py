"""The logical lines of a requirements file, and the words of their options; see `pip_format`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Iterator

__all__ = ["LogicalLine", "logical_lines", "split_words"]

# Blanks count from the first one only, or a line of them would take the square of their number.
_COMMENT = re.compile(r"(^|(?<!\s)\s+)#.*$")
_WORD = re.compile(r"\S+")
_QUOTING = re.compile(r"['\"\\]")


@dataclass(frozen=True)
class LogicalLine:
    """A logical line: physical lines joined, the comment stripped."""

    text: str
    physical: str
    """The lines as written, ends included."""

    number: int
    """Its first line as an editor counts them, from 1."""

    pieces: tuple[tuple[int, int], ...]
    """For each joined part, where it begins in `text` and in the file."""

    joined: bool
    """Whether it does not read the same without a reader of continuations: a word or a comment is cut."""

    def offset(self, index: int) -> int:
        """Return where the character at `index` stands in the file."""
        if len(self.pieces) == 1:
            return self.pieces[0][1] + index
        begin, start = next(piece for piece in reversed(self.pieces) if piece[0] <= index or not piece[0])
        return start + index - begin

    def offset_behind(self, index: int) -> int:
        """Return where the character before `index` ends in the file."""
        return self.offset(index - 1) + 1 if index else self.offset(0)


def logical_lines(text: str) -> Iterator[LogicalLine]:
    """Join the physical lines of a requirements file.

    pip also ends a line at a form feed and whatever else ends one in `str.splitlines`.
    """
    parts: list[str] = []
    pieces: list[tuple[int, int]] = []
    physical: list[str] = []
    length = offset = 0
    first = following = 1
    for line in text.splitlines(keepends=True):
        first = first if physical else following
        following += line.endswith("\n")
        body = line.splitlines()[0]
        physical.append(line)
        comment = "#" in body and _COMMENT.match(body)
        if comment and parts:
            # pip puts a blank before such a line, so that it always is a comment.
            parts.append(" ")
            length += 1
        pieces.append((length, offset))
        offset += len(line)
        continued = body.endswith("\\") and not comment
        part = body.rstrip("\\") if continued else body
        parts.append(part)
        length += len(part)
        if not continued:
            yield _line("".join(parts), physical, first, pieces)
            parts, pieces, physical, length = [], [], [], 0
    if parts:
        yield _line("".join(parts), physical, first, pieces)


def _line(text: str, physical: list[str], number: int, pieces: list[tuple[int, int]]) -> LogicalLine:
    stripped = _COMMENT.sub("", text) if "#" in text else text
    joined = False
    if len(physical) > 1:
        # Options of a requirement (its hashes) may stand on lines of their own for uv too; nothing else may.
        options = re.search(r"(?:^|\s)-", stripped)
        begin = len(stripped) if options is None else options.start()
        arguments = stripped[:begin].rstrip()
        joined = not arguments or pieces[1][0] < len(arguments) or len(stripped) < pieces[-1][0]
    return LogicalLine(stripped, "".join(physical), number, tuple(pieces), joined)


def split_words(text: str, position: int) -> list[tuple[str, int, int]]:
    """Split as `shlex.split` does, each word with where it begins and ends; an open quote makes all words plain."""
    if not _QUOTING.search(text, position):
        return [(match[0], match.start(), match.end()) for match in _WORD.finditer(text, position)]
    words: list[tuple[str, int, int]] = []
    word, start, quote, index = "", -1, "", position
    while index < len(text):
        char = text[index]
        if not quote and char.isspace():
            if start >= 0:
                words.append((word, start, index))
                word, start = "", -1
        else:
            start = index if start < 0 else start
            following = text[index + 1 : index + 2]
            if char == quote:
                quote = ""
            elif not quote and char in "'\"":
                quote = char
            elif char == "\\" and following and (not quote or (quote == '"' and following in '"\\')):
                word += following
                index += 1
            else:
                word += char
        index += 1
    if quote:
        return [(match[0], match.start(), match.end()) for match in _WORD.finditer(text, position)]
    if start >= 0:
        words.append((word, start, len(text)))
    return words
