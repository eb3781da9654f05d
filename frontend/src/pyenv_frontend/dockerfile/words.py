"""Split the arguments of an instruction into words, and expand the variables in them.

Source of truth: BuildKit's parser/line_parsers.go for the splitting and shell/lex.go for the expansion. Splitting
keeps quotes and escapes where they are; expansion takes them out. `expand` takes one word::

    word   = (plain | escape any | "'" not-' * "'" | '"' (plain | escape | variable)* '"' | variable)*
    variable = "$" name
             | "${" name "}"
             | "${" name (":-" | "-" | ":+" | "+" | ":?" | "?") word "}"      ; default, alternative, error
             | "${" name ("#" | "##" | "%" | "%%") pattern "}"               ; cut a prefix or suffix
             | "${" name ("/" | "//") pattern "/" text "}"                   ; replace one match or all
    name   = letter-or-digit-or-underscore+ | digits | one of @ * # ? - $ !

Differences, beyond the wording of errors: a value is a text, and a byte that is not UTF-8 becomes U+FFFD in it (as
there); variables nested deeper than 100 levels are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenv_frontend.dockerfile.lexer import Lexer, LexError
from pyenv_frontend.dockerfile.whitespace import BETWEEN_WORDS, is_space
from pyenv_frontend.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenv_frontend.positions import Logical

__all__ = ["Assignment", "Expanded", "WordError", "assignments", "expand", "expand_heredoc", "fields", "split"]


class WordError(UserError):
    """A word that cannot be read: a quote or brace never closed, a modifier that does not exist, a `:?` unset."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """The result of expanding a word."""

    value: str
    used: frozenset[str]
    """The variables that were used and set."""
    unset: frozenset[str]
    """The variables that were used and not set."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One `name=value` of ENV, LABEL or ARG, not expanded yet."""

    name: Logical
    value: Logical | None
    """None where there is no `=` (ARG only)."""


def expand(word: Logical, lookup: Callable[[str], str | None], escape: bytes) -> Expanded:
    """Fill in the variables of a word and take its quotes out.

    Args:
        word: the word as written. Blanks in it are kept.
        lookup: gives the value of a variable, or None.
        escape: the file's escape token.

    Raises:
        WordError: the word is wrong; the error points into it.
    """
    return _run(word, Lexer(lookup, escape.decode()))


def expand_heredoc(body: Logical, lookup: Callable[[str], str | None]) -> Expanded:
    """Fill in the variables of a heredoc's body: quotes are plain there, and the escape is always a backslash.

    Raises:
        WordError: the body is wrong; the error points into it.
    """
    return _run(body, Lexer(lookup, "\\", plain_quotes=True))


def _run(word: Logical, lexer: Lexer) -> Expanded:
    text = word.text.decode("utf-8", "surrogateescape")
    try:
        value = lexer.run(text)
    except LexError as error:
        start = len(text[: error.start].encode("utf-8", "surrogateescape"))
        end = len(text[: error.end].encode("utf-8", "surrogateescape"))
        raise WordError(error.message, word.locate(start, end), hint=error.hint) from error
    return Expanded(value, frozenset(lexer.used), frozenset(lexer.unset))


def fields(text: Logical) -> tuple[Logical, ...]:
    """Split at blanks alone, quotes or not: how FROM, COPY, ADD and EXPOSE are split."""
    words, start = [], 0
    for gap in BETWEEN_WORDS.finditer(text.text):
        words.append(text.slice(start, gap.start()))
        start = gap.end()
    words.append(text.slice(start))
    return tuple(words) if text else ()


def split(text: Logical, escape: bytes) -> tuple[Logical, ...]:
    """Split at white space that is neither quoted nor escaped: how ENV, LABEL and ARG are split, and PYENV.

    Quotes and escapes stay in the words; a quote that is never closed runs to the end (expansion complains of it),
    and an escape at the very end is dropped.
    """
    decoded = text.text.decode("utf-8", "surrogateescape")
    if not decoded.isascii():
        # Only the wide white space matters; with the same number of bytes the offsets stay those of the text.
        decoded = "".join(" " * len(char.encode()) if is_space(char) else _narrow(char) for char in decoded)
    return tuple(text.slice(start, end) for start, end in _bounds(decoded, escape.decode()))


def _narrow(char: str) -> str:
    return char if char.isascii() else "x" * len(char.encode("utf-8", "surrogateescape"))


def _bounds(text: str, escape: str) -> list[tuple[int, int]]:
    """Return start and end of each word of a text in which one character is one byte."""
    bounds: list[tuple[int, int]] = []
    start, index, quote = -1, 0, ""
    while index < len(text):
        char = text[index]
        if start < 0:
            start = -1 if is_space(char) else index
        elif not quote and is_space(char):
            bounds.append((start, index))
            start = -1
        if start >= 0:
            if char == escape and quote != "'":
                if index + 1 == len(text):  # an escape at the very end is dropped
                    break
                index += 1
            elif char == quote:
                quote = ""
            elif not quote and char in "'\"":
                quote = char
        index += 1
    if 0 <= start < index:
        bounds.append((start, min(index, len(text))))
    return bounds


def assignments(text: Logical, escape: bytes, *, legacy: bool) -> tuple[Assignment, ...]:
    """Read the arguments of ENV, LABEL and ARG.

    Args:
        text: the arguments.
        escape: the file's escape token.
        legacy: the instruction has the old form `ENV name the rest` (ENV and LABEL, not ARG), which is one
            assignment of all of the rest.

    Returns:
        The assignments, not expanded. A word without `=` is a name without a value; that is right for ARG alone,
        and for the others left for the engine to complain of.
    """
    words = split(text, escape)
    gap = BETWEEN_WORDS.search(text.text)
    if legacy and gap and b"=" not in words[0].text:
        return (Assignment(text.slice(0, gap.start()), text.slice(gap.end())),)
    return tuple(_assignment(word) for word in words)


def _assignment(word: Logical) -> Assignment:
    equals = word.text.find(b"=")
    if equals < 0:
        return Assignment(word, None)
    return Assignment(word.slice(0, equals), word.slice(equals + 1))
