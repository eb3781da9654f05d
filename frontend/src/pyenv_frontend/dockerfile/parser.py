"""Parse the bytes of a Dockerfile into nodes.

Source of truth: Parse in BuildKit's parser/parser.go. What it calls an error of the file as a whole (an invalid
escape, a repeated directive, a line over 65,535 bytes, a heredoc without its end, no instruction at all) is not an
error here: the line is passed on, and the user gets the engine's own message. The exception is a PYENV with such a
mistake, since the engine never sees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.dockerfile.directives import DEFAULT_ESCAPE, DirectiveReader
from pyenv_frontend.dockerfile.heredocs import openings, read_heredoc, takes_heredocs
from pyenv_frontend.dockerfile.nodes import Blank, Comment, Directive, Document, Instruction, Node
from pyenv_frontend.dockerfile.whitespace import skip_space
from pyenv_frontend.errors import UserError
from pyenv_frontend.positions import Lines, Location, Logical, SourceFile, Span

if TYPE_CHECKING:
    from pyenv_frontend.dockerfile.heredocs import Heredoc

__all__ = ["LONGEST_LINE", "DocumentError", "parse"]

LONGEST_LINE = 65535
"""Bytes that a line may have for Docker to read it, its line break not counted."""

_BOM = b"\xef\xbb\xbf"
_BLANKS = b" \t"
_ENDS = b"\r\n"


class DocumentError(UserError):
    """A PYENV that is not a complete instruction: its heredoc never ends, or a line is too long for Docker."""


def parse(source: bytes, name: str = "Dockerfile") -> Document:
    """Parse a Dockerfile into its nodes.

    Args:
        source: its bytes; any bytes are accepted.
        name: the file's name in messages.

    Raises:
        DocumentError: a PYENV whose lines are wrong.
    """
    return _DocumentReader(SourceFile(name, source)).document()


class _DocumentReader:
    """Reads a file line by line.

    `_position` and `_line` are the offset and the number of the next line to read.
    """

    __slots__ = ("_data", "_directives", "_escape", "_file", "_line", "_position")

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._data = file.data
        self._position = 0
        self._line = 1
        self._escape = DEFAULT_ESCAPE
        self._directives = DirectiveReader()

    def document(self) -> Document:
        nodes: list[Node] = []
        while self._position < len(self._data):
            nodes.append(self._node())
        return Document(self._file, tuple(nodes), self._escape)

    def _take_line(self) -> tuple[int, int]:
        """Skip a line; return the offset it starts at and the one where its text ends."""
        start = self._position
        self._position = self._data.find(b"\n", start) + 1 or len(self._data)
        self._line += 1
        return start, start + len(self._data[start : self._position].rstrip(_ENDS))

    def _node(self) -> Node:
        first_line = self._line
        start, end = self._take_line()
        text = start + len(_BOM) if start == 0 and self._data.startswith(_BOM) else start
        text = skip_space(self._data, text, max(text, end))
        span = Span(start, self._position)
        lines = Lines(first_line, first_line)
        directive = None if self._directives.done else self._directives.read(self._data[text:end])
        if directive:
            if directive[0] == "escape" and directive[1] in {b"\\", b"`"}:
                self._escape = directive[1]
            return Directive(self._file, span, lines, *directive)
        if text >= end:
            return Blank(self._file, span, lines)
        if self._data.startswith(b"#", text):
            return Comment(self._file, span, lines)
        return self._instruction(start, text, end, first_line)

    def _instruction(self, start: int, text: int, end: int, first_line: int) -> Instruction:
        logical = Logical(self._file, self._pieces(text, end))
        span, lines = Span(start, self._position), Lines(first_line, self._line - 1)
        instruction = Instruction(self._file, span, lines, logical, self._escape)
        if b"<<" in logical.text:
            instruction.heredocs = tuple(self._heredocs(instruction))
            instruction.span, instruction.lines = Span(start, self._position), Lines(first_line, self._line - 1)
        if instruction.name in {"PYENV", "ONBUILD"}:
            _check_pyenv(instruction)
        return instruction

    def _pieces(self, start: int, end: int) -> list[Span]:
        """Collect the stretches that make up the logical line, following its continuations."""
        pieces: list[Span] = []
        while True:
            stop = self._continuation(start, end)
            pieces.append(Span(start, end if stop < 0 else stop))
            while stop >= 0:
                if self._position >= len(self._data):
                    return pieces
                start, end = self._take_line()
                text = skip_space(self._data, start, end)
                if text < end and self._data[text] != 0x23:  # neither blank nor a comment, which starts with "#"
                    break
            else:
                return pieces

    def _continuation(self, start: int, end: int) -> int:
        """Return where the text of a line ends if its escape token continues it, else -1.

        The token counts as the last thing but blanks on the line, and not right behind another one, even where that
        one is itself escaped: BuildKit's pattern cannot see further back.
        """
        token = start + len(self._data[start:end].rstrip(_BLANKS)) - 1
        if token < start or self._data[token : token + 1] != self._escape:
            return -1
        return -1 if token > start and self._data[token - 1 : token] == self._escape else token

    def _heredocs(self, instruction: Instruction) -> list[Heredoc]:
        heredocs: list[Heredoc] = []
        if not takes_heredocs(instruction.trigger or instruction.command):
            return heredocs
        for opening in openings(instruction.logical):
            start = self._position
            heredoc, self._position = read_heredoc(self._file, opening, start)
            self._line += self._data.count(b"\n", start, self._position)
            self._line += start < self._position and self._data[self._position - 1] != 0x0A  # a last line without end
            heredocs.append(heredoc)
        return heredocs


def _check_pyenv(instruction: Instruction) -> None:
    if not instruction.is_pyenv:
        return
    for heredoc in instruction.heredocs:
        if heredoc.terminator is None:
            raise DocumentError(
                f"the heredoc {heredoc.marker.text.decode(errors='replace')} never ends",
                heredoc.marker.location,
                expected=f"a line that is {heredoc.name.decode(errors='replace')} and nothing else",
            )
    file = instruction.file
    for line in instruction.lines.numbers():
        length = len(file.line_text(line))
        if length > LONGEST_LINE:
            start = file.starts[line - 1]
            raise DocumentError(
                f"this line of a PYENV has {length} bytes; Docker reads lines of up to {LONGEST_LINE}",
                Location(file, Span(start, start + 1)),
                hint=f"break it with {instruction.escape.decode()} at the end of a line, or move it to a file",
            )
