"""The parts of one instruction: keyword, flags, arguments.

Grammar, on the logical line (continuations and comments already out)::

    command   = space* keyword [between flag* ["--" between] arguments] space*
    flag      = "--" name ["=" value]        ; quotes may hold blanks, the escape takes the next byte as it is
    between   = one or more of tab, VT, FF, CR, blank

Source of truth: BuildKit's parser/split_command.go. One difference: it walks over bytes and so takes the bytes 0x85
and 0xA0 inside a UTF-8 character for white space between flags; here only whole characters are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenv_frontend.dockerfile.whitespace import BETWEEN_WORDS, skip_space, trim_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenv_frontend.positions import Logical

__all__ = ["Command", "Flag", "split_command", "unquoted"]

_SPACE = b"\t\n\v\f\r "
_QUOTES = b"'\""
_DASHES = rb"--(?:''|\"\")*['\"]?"  # an open quote or an escape at the end of the line is ignored


@dataclass(frozen=True, slots=True)
class Flag:
    """One `--name[=value]` in front of the arguments, as written."""

    text: Logical
    """All of it, quotes and all."""
    name: Logical
    """What follows the dashes, up to `=`."""
    value: Logical | None
    """What follows `=`, quotes still in it; None where there is no `=`."""


@dataclass(frozen=True, slots=True)
class Command:
    """A logical line split into its parts."""

    keyword: Logical
    """The first word as written; empty where an instruction consists of continuations only."""
    flags: tuple[Flag, ...]
    arguments: Logical
    """What follows the flags, without white space around it."""

    @property
    def name(self) -> str:
        """The keyword in capitals."""
        return upper(self.keyword.text)


def upper(keyword: bytes) -> str:
    """Return a keyword in capitals, by the rules of Go's ToLower: two letters beyond ASCII fold into it."""
    name = keyword.decode("utf-8", "surrogateescape")
    if not name.isascii():
        name = name.replace("\u0130", "I").replace("\u212a", "K")
    return name.upper() if name.isascii() else name


def split_command(line: Logical, escape: bytes) -> Command:
    """Split a logical line into keyword, flags and arguments.

    Args:
        line: keyword and all that follows, white space around it allowed.
        escape: the file's escape token.
    """
    text = line.text
    end = trim_end(text)
    start = skip_space(text, 0, end)
    gap = BETWEEN_WORDS.search(text, start, end)
    if gap is None:
        return Command(line.slice(start, end), (), line.slice(end, end))
    flags = list(_flags(text, gap.end(), end, escape))
    start_of_arguments = flags.pop().end if flags and flags[-1].dashes else (flags[-1].end if flags else gap.end())
    return Command(
        line.slice(start, gap.start()),
        tuple(_flag(line, word) for word in flags),
        line.slice(skip_space(text, start_of_arguments, end), end),
    )


@dataclass(frozen=True, slots=True)
class _FlagWord:
    start: int
    end: int
    dashes: bool
    """Whether it is the bare `--` that ends the flags."""


def _flags(text: bytes, position: int, end: int, escape: bytes) -> Iterator[_FlagWord]:
    """Find the words that start with two dashes, up to a bare `--` or the first other word."""
    while True:
        position = skip_space(text, position, end)
        if not text.startswith(b"--", position, end):
            return
        stop = _end_of_flag(text, position, end, escape)
        dashes = re.fullmatch(_DASHES, text[position:stop].removesuffix(escape)) is not None
        yield _FlagWord(position, stop, dashes)
        if dashes:
            return
        position = stop


def _end_of_flag(text: bytes, position: int, end: int, escape: bytes) -> int:
    quote = 0
    token = escape[0]
    while position < end:
        byte = text[position]
        if byte == token:
            position += 1
        elif quote:
            quote = 0 if byte == quote else quote
        elif byte in _QUOTES:
            quote = byte
        elif byte in _SPACE or (byte > 0x7F and skip_space(text, position, end) > position):
            return position
        position += 1
    return min(position, end)


def _flag(line: Logical, word: _FlagWord) -> Flag:
    equals = line.text.find(b"=", word.start, word.end)
    name_end = word.end if equals < 0 else equals
    value = None if equals < 0 else line.slice(equals + 1, word.end)
    return Flag(line.slice(word.start, word.end), line.slice(word.start + 2, name_end), value)


def unquoted(value: str, escape: str) -> str:
    """Remove quotes and escapes from a flag, as the engine does; the escape token works in both kinds of quotes."""
    plain: list[str] = []
    quote, index = "", 0
    while index < len(value):
        char = value[index]
        if char == escape:
            index += 1
            plain.append(value[index : index + 1])
        elif char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        else:
            plain.append(char)
        index += 1
    return "".join(plain)
