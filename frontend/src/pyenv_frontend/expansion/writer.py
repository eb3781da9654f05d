"""Write the expanded file, and record the user's lines for each of its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.expansion import quoting
from pyenv_frontend.positions import LineMap, Lines, SourceFile, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DockerfileWriter"]

_WIDTH = 100


class DockerfileWriter:
    """Writes whole lines only.

    Args:
        file: the user's file.
        escape: its escape character, which continues generated lines, too.
    """

    def __init__(self, file: SourceFile, escape: str) -> None:
        self._file = file
        self._escape = escape
        self._pieces: list[bytes] = []
        self._ranges: list[Lines] = []

    @property
    def source(self) -> bytes:
        """The text written so far."""
        return b"".join(self._pieces)

    @property
    def lines(self) -> LineMap:
        """The user's lines for each line written so far."""
        return LineMap(self._ranges)

    def copy(self, span: Span) -> None:
        """Copy lines of the user's file as they are."""
        if span.start < span.end:
            self._pieces.append(self._file.data[span.start : span.end])
            self._ranges.extend(Lines(line, line) for line in self._file.lines_of(span).numbers())

    def insert(self, span: Span, offset: int, text: bytes) -> None:
        """Copy lines of the user's file with a text inserted that has no line break."""
        self.copy(span)
        at = offset - span.start
        self._pieces[-1] = self._pieces[-1][:at] + text + self._pieces[-1][at:]

    def verbatim(self, text: str, lines: Lines) -> None:
        """Write an instruction as it is, on as many lines as it has, for the user's `lines`."""
        for row in text.splitlines():
            self._line(row, lines)

    def repeat(self, text: bytes, lines: Lines) -> None:
        """Write lines of the user's file once more, for the user's `lines`."""
        for row in text.removesuffix(b"\n").split(b"\n"):
            self._line(row.decode("utf-8", "surrogateescape"), lines)

    def comment(self, text: bytes, lines: Lines) -> None:
        """Write text as comment lines that stand for the user's `lines`."""
        for line in text.splitlines():
            self._line("# " + line.decode("utf-8", "surrogateescape"), lines)

    def instruction(self, words: Sequence[str], command: Sequence[str], lines: Lines) -> int:
        """Write an instruction that stands for the user's `lines`.

        Args:
            words: keyword, flags and arguments, quoted already; long lines are wrapped, and before each `&&`.
            command: the words of the exec form (a JSON array) after them, or none.
            lines: the user's.

        Returns:
            The line it begins on.
        """
        first = len(self._ranges) + 1
        items = _json_items(quoting.exec_form(command))
        rows = [" ".join([*words, *items])]
        if len(rows[0]) > _WIDTH or any(map(_begins_row, words)):
            rows = _fold(words) + [f"    {row}" for row in _fold(items)]
        for row in rows[:-1]:
            self._line(f"{row} {self._escape}", lines)
        self._line(rows[-1], lines)
        return first

    def _line(self, text: str, lines: Lines) -> None:
        if self._pieces and not self._pieces[-1].endswith(b"\n"):
            self._pieces.append(b"\n")
        self._pieces.append(text.encode("utf-8", "surrogateescape") + b"\n")
        self._ranges.append(lines)


def _json_items(items: Sequence[str]) -> list[str]:
    """Return the items of a JSON array with their punctuation; joined by blanks they are the array."""
    last = len(items) - 1
    return [("[" if number == 0 else "") + item + ("]" if number == last else ",") for number, item in enumerate(items)]


def _begins_row(word: str) -> bool:
    """Return whether a word is the next command of a shell."""
    return word.startswith("&& ")


def _fold(items: Sequence[str]) -> list[str]:
    """Distribute items over as few rows as the width allows; all but the first are indented."""
    rows: list[str] = []
    for item in items:
        if rows and len(rows[-1]) + len(item) < _WIDTH and not _begins_row(item):
            rows[-1] += " " + item
        else:
            rows.append(f"    {item}" if rows else item)
    return rows
