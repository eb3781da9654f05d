"""The grammar of a PYENV line: text in, words with their positions out. The rules are in `grammar.lark` alone.

An image of the frontend holds a stand-alone parser made from that file (see `tools/grammar_parser.py`); lark itself
takes longer to import than a whole build may add. Without one, lark reads the grammar.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Line", "LineSyntaxError", "Option", "Word", "parse_line"]

_SWAP: Final = str.maketrans({"\\": "`", "`": "\\"})
_STANDALONE: Final = "pyenv_frontend.pyenv._standalone"


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of the line, quotes and variables as written."""

    text: str
    start: int
    """Offset in the line."""

    @property
    def end(self) -> int:
        """Offset behind the last character."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Option:
    """`--name` or `--name=value`."""

    name: Word
    """The name without its dashes."""

    value: Word | None
    """None without `=`; empty for `--name=`."""


@dataclass(frozen=True, slots=True)
class Line:
    """A well-formed PYENV line."""

    options: tuple[Option, ...]
    ended: bool
    """Whether `--` ended the options."""

    version: Word
    name: Word
    requirements: tuple[Word, ...]
    heredocs: tuple[Word, ...]


class LineSyntaxError(ValueError):
    """The line does not have the form of a PYENV."""

    def __init__(self, offset: int, expected: frozenset[str]) -> None:
        """Store the `offset` of the error in the line, and the terminals that would have been valid there."""
        super().__init__(f"expected {sorted(expected)} at {offset}")
        self.offset = offset
        self.expected = expected


class _Parser(Protocol):
    def parse(self, text: str) -> Any: ...


def parse_line(text: str, *, escape: str = "\\") -> Line:
    """Parse what follows the keyword, without blanks at either end.

    Raises:
        LineSyntaxError: with the offset at which the grammar was left.
    """
    swap = escape == "`"
    source = text.translate(_SWAP) if swap else text
    parser, errors = _load()
    try:
        tree = parser.parse(source)
    except errors as error:
        raise _located(error, source) from None
    # The tree is made of the swapped text; words are cut out of what the user wrote.
    return _line(tree, text)


@cache
def _load() -> tuple[_Parser, type[Exception]]:
    """Return the parser and the root of its errors: module beforehand where there is one, else module by lark now."""
    try:
        module = import_module(_STANDALONE)
    except ModuleNotFoundError:
        from importlib.resources import files  # noqa: PLC0415 - heavy, and not needed in the frontend's image

        module = import_module("lark")
        grammar = files("pyenv_frontend.pyenv").joinpath("grammar.lark").read_text("utf-8")
        return module.Lark(grammar, start="pyenv", parser="lalr"), module.UnexpectedInput
    return module.Lark_StandAlone(), module.UnexpectedInput


def _located(error: Any, source: str) -> LineSyntaxError:
    """Convert an error of lark; an unexpected end is an error behind the last character."""
    expected = frozenset(getattr(error, "expected", None) or getattr(error, "allowed", None) or ())
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        return LineSyntaxError(len(source), expected)
    return LineSyntaxError(error.pos_in_stream, expected)


def _line(tree: Any, text: str) -> Line:
    """Sort the branches of the parse tree into their fields."""

    def words(rule: str) -> Iterator[Word]:
        for branch in tree.children:
            if getattr(branch, "data", None) == rule:
                yield _word(branch.children[0], text)

    (version,) = words("version")
    (name,) = words("name")
    return Line(
        options=tuple(_option(b, text) for b in tree.children if getattr(b, "data", None) == "option"),
        ended=any(getattr(b, "type", None) == "END" for b in tree.children),
        version=version,
        name=name,
        requirements=tuple(words("requirements")),
        heredocs=tuple(words("inline")),
    )


def _option(branch: Any, text: str) -> Option:
    flag, *rest = (token for token in branch.children if token is not None)
    name = Word(text[flag.start_pos + 2 : flag.end_pos], flag.start_pos + 2)
    if not rest:
        return Option(name, None)
    start = rest[0].start_pos + 1
    return Option(name, Word(text[start : rest[0].end_pos], start))


def _word(token: Any, text: str) -> Word:
    return Word(text[token.start_pos : token.end_pos], token.start_pos)
