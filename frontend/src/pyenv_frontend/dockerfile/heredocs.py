"""Heredocs: which words of a line open one, and the lines that belong to it.

A heredoc is `[digits]<<[-]word` as a word of its own on RUN, COPY, ADD and PYENV, and on ONBUILD of those; an
argument in JSON form has none. Any quote in the word turns expansion off; `<<-` takes the tabs off the front of
each line. The lines end with one that is the word alone, whatever mixture of CR and LF follows it.

Source of truth: BuildKit's parser/parser.go (heredocFromMatch, heredocsFromLine, canContainHeredoc). Its lexer uses the
backslash here, whatever the file's escape token is, and so do we. Beyond it: PYENV takes heredocs as RUN does. A
heredoc without its end is left for the engine to complain of (its lines run to the end of the file), except on
PYENV, which the engine never sees.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenv_frontend.dockerfile.lexer import Lexer, LexError
from pyenv_frontend.positions import Logical, Span

if TYPE_CHECKING:
    from pyenv_frontend.dockerfile.command import Command
    from pyenv_frontend.positions import SourceFile

__all__ = ["Heredoc", "Opening", "openings", "read_heredoc", "takes_heredocs"]

_TAKERS = frozenset({"ADD", "COPY", "RUN", "PYENV"})
_OPENING = re.compile(r"([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)")
_QUOTES = re.compile("['\"]")
_STRING = rb'"(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*+"[ \t\r\n]*+'
_STRINGS = rb"\[[ \t\r\n]*+(?:" + _STRING + rb"(?:,[ \t\r\n]*+" + _STRING + rb")*+)?+\][ \t\r\n]*+"


@dataclass(frozen=True, slots=True)
class Opening:
    """A word that opens a heredoc."""

    name: bytes
    """The word that ends it, quotes off."""
    expand: bool
    """Whether variables are filled in: no part of the word was quoted."""
    strip_tabs: bool
    """Whether it was opened by `<<-`."""
    descriptor: int
    """The number before `<<`, or 0."""
    marker: Logical
    """The word as written, `<<` included."""


@dataclass(frozen=True, slots=True)
class Heredoc(Opening):
    """A heredoc with its lines."""

    body: Logical
    """The lines between, with their ends; without the leading tabs if they are to be stripped."""
    span: Span
    """The lines in the file, without the line of the end."""
    terminator: Span | None
    """The line that ends it; None where the file ended first."""

    @property
    def content(self) -> bytes:
        """The text as the instruction gets it, variables not filled in."""
        return self.body.text


def is_strings_array(text: bytes) -> bool:
    """Return whether a text is a JSON array of strings, which makes an instruction's exec form."""
    return text.startswith(b"[") and re.fullmatch(_STRINGS, text) is not None


def takes_heredocs(command: Command) -> bool:
    """Return whether the instruction may have heredocs. For ONBUILD pass its inner command."""
    return command.name in _TAKERS and not (command.name != "PYENV" and is_strings_array(command.arguments.text))


def openings(line: Logical) -> list[Opening]:
    """Find the words of a logical line that open a heredoc; none where the line has a quote without its end."""
    text = line.text.decode("utf-8", "surrogateescape")
    lexer = Lexer(None, "\\", raw_quotes=True, raw_escapes=True)
    try:
        lexer.run(text)
        candidates = [(word, _opening(word.text)) for word in lexer.words if "<<" in word.text]
    except LexError:
        return []
    return [
        Opening(name, expand, strip, descriptor, _marker(line, text, word.start, word.end))
        for word, opening in candidates
        if opening is not None
        for name, expand, strip, descriptor in [opening]
    ]


def _marker(line: Logical, text: str, start: int, end: int) -> Logical:
    first = len(text[:start].encode("utf-8", "surrogateescape"))
    return line.slice(first, first + len(text[start:end].encode("utf-8", "surrogateescape")))


def _opening(word: str) -> tuple[bytes, bool, bool, int] | None:
    match = _OPENING.fullmatch(word)
    if match is None or not match[3]:
        return None
    plain, raw = Lexer(None, "\\"), Lexer(None, "\\", raw_quotes=True)
    plain.run(match[3])
    raw.run(match[3])
    if len(plain.words) != 1 or len(raw.words) != 1:
        return None
    name = plain.words[0].text
    expand = len(_QUOTES.findall(name)) == len(_QUOTES.findall(raw.words[0].text))
    return name.encode("utf-8", "surrogatepass"), expand, bool(match[2]), int(match[1][-19:] or 0)


def read_heredoc(file: SourceFile, opening: Opening, start: int) -> tuple[Heredoc, int]:
    """Collect a heredoc's lines.

    Args:
        file: the file.
        opening: the word that opens it.
        start: the offset of the line behind the instruction or behind the heredoc before this one.

    Returns:
        The heredoc and the offset behind its last line.
    """
    data = file.data
    pieces: list[Span] = []
    position = start
    while position < len(data):
        end = data.find(b"\n", position) + 1 or len(data)
        line = data[position:end]
        text = position + (len(line) - len(line.lstrip(b"\t")) if opening.strip_tabs else 0)
        if data[text:end].rstrip(b"\r\n") == opening.name:
            return _heredoc(file, opening, Span(start, position), pieces, Span(position, end)), end
        pieces.append(Span(text, end))
        position = end
    return _heredoc(file, opening, Span(start, position), pieces, None), position


def _heredoc(file: SourceFile, opening: Opening, span: Span, pieces: list[Span], terminator: Span | None) -> Heredoc:
    body = Logical(file, pieces if opening.strip_tabs and pieces else [span])
    return Heredoc(
        opening.name, opening.expand, opening.strip_tabs, opening.descriptor, opening.marker, body, span, terminator
    )
