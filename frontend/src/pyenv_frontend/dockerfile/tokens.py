"""The tokens of a node: every byte of it, in order, each in exactly one token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.dockerfile.nodes import Blank, Comment, Directive, Instruction, Node, Token
from pyenv_frontend.dockerfile.whitespace import skip_space
from pyenv_frontend.positions import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["tokens"]

_BOM = b"\xef\xbb\xbf"
_Mark = tuple[str, int, int]


def tokens(node: Node) -> tuple[Token, ...]:
    """Return the tokens of a node."""
    data = node.file.data
    marks = _instruction(node) if isinstance(node, Instruction) else _line(node)
    return tuple(Token(kind, Span(start, end), data[start:end]) for kind, start, end in marks if end > start)


def _line(node: Node) -> Iterator[_Mark]:
    """Mark a node that is one line: what is in front, the text, the end."""
    kinds = {Blank: "blank", Comment: "comment", Directive: "directive"}
    data = node.file.data
    start = _after_bom(node)
    end = max(start, node.span.start + len(node.text.rstrip(b"\r\n")))
    text = skip_space(data, start, end)
    yield "bom", node.span.start, start
    yield "space", start, text
    yield kinds[type(node)], text, end
    yield "newline", end, node.span.end


def _after_bom(node: Node) -> int:
    start = node.span.start
    return start + len(_BOM) if start == 0 and node.file.data.startswith(_BOM) else start


def _instruction(node: Instruction) -> Iterator[_Mark]:
    """Mark keyword, flags and arguments, and in the gaps what was left out of the logical line."""
    position = _after_bom(node)
    yield "bom", node.span.start, position
    parts = [("keyword", node.command.keyword), *(("flag", flag.text) for flag in node.flags)]
    for kind, part in [*parts, ("argument", node.arguments)]:
        for start, end in part.pieces if part else ():
            yield from _gap(node, position, start)
            yield kind, start, end
            position = end
    yield from _gap(node, position, node.heredocs[0].span.start if node.heredocs else node.span.end)
    for heredoc in node.heredocs:
        yield "heredoc", *heredoc.span
        if heredoc.terminator:
            yield "terminator", *heredoc.terminator


def _gap(node: Instruction, position: int, end: int) -> Iterator[_Mark]:
    """Mark a stretch between the parts of an instruction, line by line."""
    data = node.file.data
    inside = False
    while position < end:
        stop = min(data.find(b"\n", position, end) + 1 or end, end)
        yield from _gap_line(node, position, stop, whole=inside)
        position, inside = stop, True


def _gap_line(node: Instruction, start: int, stop: int, *, whole: bool) -> Iterator[_Mark]:
    data = node.file.data
    text = start + len(data[start:stop].rstrip(b"\r\n"))
    first = skip_space(data, start, text)
    if whole and data.startswith(b"#", first, text):
        yield "comment", start, stop
    elif whole and first == text and stop > text:
        yield "blank", start, stop
    else:
        token = data.find(node.escape, first, text)
        close = text if token < 0 else token
        yield "space", start, first
        yield from _dashes(node, first, close)
        yield ("newline" if token < 0 else "continuation"), close, stop


def _dashes(node: Instruction, start: int, end: int) -> Iterator[_Mark]:
    """Mark the bare ``--`` that ends the flags, the only word a gap can hold, and the blanks behind it."""
    length = len(node.file.data[start:end].rstrip(b" \t\v\f\r"))
    yield "separator", start, start + length
    yield "space", start + length, end
