"""Positions in files. All calculations with offsets, lines and columns are in this module.

Rules that hold in all of this package:

- An *offset* counts bytes from the start of one file, from 0. Files are bytes; nothing is decoded to find a place.
- A *line* counts from 1 and ends behind its line feed, as BuildKit counts; a last line without one counts too.
- A *column* counts characters from 1, for people and for SARIF; bytes that are not UTF-8 count one each.
- A *logical* text is what is left of a stretch of a file when something was cut out of it (continuations,
  comments, tabs). It remembers where each of its bytes came from.
- A *line map* says for each line of a generated file which lines of the user's file it stands for. It is total
  (every line of the output has an answer) and monotone (answers never go backwards).

`Span`, `Lines` and `Position` are named tuples since they are used as the pairs they are: unpacked and compared.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["LineMap", "Lines", "Location", "Logical", "Position", "SourceFile", "Span"]


class Span(NamedTuple):
    """A half-open stretch of byte offsets in one file."""

    start: int
    end: int


class Lines(NamedTuple):
    """A closed range of lines, both counted from 1."""

    first: int
    last: int

    def __contains__(self, line: object) -> bool:
        """Return whether the range contains a line number."""
        return isinstance(line, int) and self.first <= line <= self.last

    def numbers(self) -> range:
        """Return the numbers of the range in order."""
        return range(self.first, self.last + 1)


class Position(NamedTuple):
    """A point in a file as people name it: line and column, both from 1."""

    line: int
    column: int


class SourceFile:
    """The bytes of one file, with its name in messages.

    Args:
        name: the name of the file in messages, such as `Dockerfile` or `reqs/base.txt`.
        data: the content.
    """

    __slots__ = ("_starts", "data", "name")

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.data = data
        self._starts: list[int] | None = None

    def __repr__(self) -> str:
        return f"SourceFile({self.name!r}, {len(self.data)} bytes)"

    @property
    def starts(self) -> list[int]:
        """The offset at which each line starts; an empty file has one empty line."""
        if self._starts is None:
            self._starts = _line_starts(self.data)
        return self._starts

    def line_at(self, offset: int) -> int:
        """Return the number of the line that holds `offset`; past the end it is the last line."""
        return bisect_right(self.starts, max(offset, 0))

    def line_text(self, line: int) -> bytes:
        """Return a line without its end; an empty text where there is no such line."""
        starts = self.starts
        if not 1 <= line <= len(starts):
            return b""
        end = starts[line] if line < len(starts) else len(self.data)
        return self.data[starts[line - 1] : end].rstrip(b"\r\n")

    def position(self, offset: int) -> Position:
        """Return line and column of `offset`."""
        line = self.line_at(offset)
        before = self.data[self.starts[line - 1] : offset]
        return Position(line, len(before.decode("utf-8", "surrogateescape")) + 1)

    def lines_of(self, span: Span) -> Lines:
        """Return the lines that `span` touches; an end right after a line break does not touch the next line."""
        return Lines(self.line_at(span.start), self.line_at(max(span.start, span.end - 1)))


def _line_starts(data: bytes) -> list[int]:
    starts = [0]
    feed = data.find(b"\n")
    while 0 <= feed < len(data) - 1:
        starts.append(feed + 1)
        feed = data.find(b"\n", feed + 1)
    return starts


@dataclass(frozen=True, slots=True)
class Location:
    """A stretch of one file: what an error points at."""

    file: SourceFile
    span: Span

    @property
    def lines(self) -> Lines:
        """The lines the stretch touches."""
        return self.file.lines_of(self.span)

    @property
    def position(self) -> Position:
        """Line and column of the first byte."""
        return self.file.position(self.span.start)

    @property
    def end(self) -> Position:
        """Line and column just behind the last byte."""
        return self.file.position(self.span.end)


class Logical:
    """Text with holes: bytes of a file with some of them cut out. The offset of each byte in the file is known.

    Args:
        file: the file the bytes are out of.
        pieces: the stretches of the file that make up the text, in order, not overlapping.
    """

    __slots__ = ("_offsets", "file", "pieces", "text")

    def __init__(self, file: SourceFile, pieces: Iterable[Span]) -> None:
        self.file = file
        self.pieces = tuple(pieces) or (Span(0, 0),)
        data = file.data
        if len(self.pieces) == 1:
            start, end = self.pieces[0]
            self.text = data[start:end]
        else:
            self.text = b"".join([data[start:end] for start, end in self.pieces])
        self._offsets: list[int] | None = None

    def __repr__(self) -> str:
        return f"Logical({self.text!r} at {self.pieces[0].start})"

    def __len__(self) -> int:
        return len(self.text)

    def __bool__(self) -> bool:
        return bool(self.text)

    @property
    def span(self) -> Span:
        """From the first byte to behind the last, with what was cut out in between."""
        return Span(self.pieces[0].start, self.pieces[-1].end)

    @property
    def location(self) -> Location:
        """The same as a location for an error."""
        return Location(self.file, self.span)

    def _logical_starts(self) -> list[int]:
        if self._offsets is None:
            total, self._offsets = 0, []
            for start, end in self.pieces:
                self._offsets.append(total)
                total += end - start
        return self._offsets

    def offset(self, index: int) -> int:
        """Return the offset in the file of the byte at `index`.

        Args:
            index: 0 up to and with the length; the length itself gives the offset behind the last byte.
        """
        if index >= len(self.text):
            return self.pieces[-1].end
        starts = self._logical_starts()
        piece = bisect_right(starts, index) - 1
        return self.pieces[piece].start + index - starts[piece]

    def slice(self, start: int, end: int | None = None) -> Logical:
        """Return the part between two indexes, places kept. An empty part keeps the place of its start."""
        end = len(self.text) if end is None else min(end, len(self.text))
        if start >= end:
            here = self.offset(start)
            return Logical(self.file, (Span(here, here),))
        if len(self.pieces) == 1:
            base = self.pieces[0].start
            return Logical(self.file, (Span(base + start, base + end),))
        return Logical(self.file, self._cut(start, end))

    def _cut(self, start: int, end: int) -> Iterator[Span]:
        starts = self._logical_starts()
        for number in range(bisect_right(starts, start) - 1, len(starts)):
            base, piece = starts[number], self.pieces[number]
            if base >= end:
                return
            cut = Span(piece.start + max(start - base, 0), min(piece.end, piece.start + end - base))
            if cut.end > cut.start:
                yield cut

    def locate(self, start: int, end: int) -> Location:
        """Return the stretch of the file between two indexes, of at least one byte unless the text is empty."""
        first = self.offset(start)
        return Location(self.file, Span(first, max(first, self.offset(end - 1) + 1) if end > start else first))


class LineMap:
    """For every line of a generated file, the lines of the user's file it stands for.

    Args:
        ranges: one entry for each line of the generated file, in order.

    Raises:
        ValueError: the entries go backwards, or one ends before it begins.
    """

    __slots__ = ("ranges",)

    def __init__(self, ranges: Iterable[Lines]) -> None:
        self.ranges = tuple(ranges)
        before = Lines(1, 1)
        for entry in self.ranges:
            if entry.first > entry.last or entry.first < before.first or entry.last < before.last:
                raise ValueError(f"a line map must be monotone: {entry} after {before}")
            before = entry

    @classmethod
    def identity(cls, count: int) -> LineMap:
        """Return the map of a file of `count` lines onto itself."""
        return cls(Lines(line, line) for line in range(1, count + 1))

    def __len__(self) -> int:
        return len(self.ranges)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LineMap) and self.ranges == other.ranges

    def __hash__(self) -> int:
        return hash(self.ranges)

    def __getitem__(self, line: int) -> Lines:
        """Return the user's lines for a line of the output.

        A number outside the output stands for the nearest line, since an engine may report one line past the end;
        an empty map returns line 1.
        """
        if not self.ranges:
            return Lines(1, 1)
        return self.ranges[min(max(line, 1), len(self.ranges)) - 1]

    def cover(self, lines: Lines) -> Lines:
        """Return the user's lines for a range of lines of the output."""
        return Lines(self[lines.first].first, self[lines.last].last)

    def then(self, earlier: LineMap) -> LineMap:
        """Return the map over two steps: this one's input is the output of `earlier`."""
        return LineMap(earlier.cover(entry) for entry in self.ranges)
