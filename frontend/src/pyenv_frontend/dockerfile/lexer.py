"""The shell-like lexer under `words`: quotes, escapes and variables, character by character.

It has one method for each production of the grammar at the head of `words`. The same lexer finds the heredocs of a
line, in a mode that expands no variables and keeps quotes and escapes. In that mode only the split into words matters,
which has a quirk of BuildKit's: the part of a word before a `${name:-...}` is lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenv_frontend.dockerfile import glob
from pyenv_frontend.dockerfile.whitespace import is_space

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DEEPEST", "LexError", "Lexer", "SplitWord"]

DEEPEST = 100
"""Maximum depth of variables in the defaults of others."""

_END = ""
_BLANK = "; where a blank stands in it, put the word into quotes"
_PLAIN = re.compile(r"[A-Za-z0-9_.,:;=&|()\[\]~^%+*-]+")
_SPECIAL = frozenset("@*#?-$!")
_TEMPLATE = r"\$(?:(\$)|(\w+)|\{(\w+)\})"
_SURROGATES = re.compile("[\udc80-\udcff]")


class LexError(ValueError):
    """Report what is wrong between two character indexes."""

    def __init__(self, message: str, start: int, end: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.hint = hint


@dataclass(frozen=True, slots=True)
class SplitWord:
    """One word of the split, with the character indexes it came from."""

    text: str
    start: int
    end: int


class Lexer:
    """Processes one text.

    Args:
        lookup: returns the value of a variable, or None if it is unset. Without a function, variables stay as they are.
        escape: the escape token.
        raw_quotes: keep quotes in the result.
        raw_escapes: keep escapes in the result.
        plain_quotes: quotes are characters like any other.
    """

    __slots__ = (
        "_depth", "_escape", "_index", "_keep_escapes", "_lookup", "_pending", "_plain_quotes", "_raw_quotes",
        "_text", "_word_start", "unset", "used", "words",
    )  # fmt: skip

    def __init__(
        self,
        lookup: Callable[[str], str | None] | None,
        escape: str,
        *,
        raw_quotes: bool = False,
        raw_escapes: bool = False,
        plain_quotes: bool = False,
    ) -> None:
        self._lookup = lookup
        self._escape = escape
        self._raw_quotes = raw_quotes
        self._keep_escapes = raw_escapes
        self._plain_quotes = plain_quotes
        self.used: set[str] = set()
        self.unset: set[str] = set()
        self.words: list[SplitWord] = []
        """The result split at white space that is neither quoted nor escaped."""

    def run(self, text: str) -> str:
        """Process `text` and return the result as one word; `words` then has the split words.

        Raises:
            LexError: the text is wrong.
        """
        self._text = text
        self._index = 1 if text.startswith("\ufeff") else 0  # the engine's reader drops a byte-order mark
        self._depth = 0
        self._pending: list[str] = []
        self._word_start = 0
        value, self.words = self._until(_END, keep_escapes=self._keep_escapes)
        return value

    # The text, one character at a time.

    def _peek(self) -> str:
        return self._text[self._index : self._index + 1]

    def _next(self) -> str:
        char = self._peek()
        self._index += 1 if char else 0
        return _SURROGATES.sub("\ufffd", char)

    def _error(self, message: str, start: int, hint: str = "") -> LexError:
        return LexError(message, start, max(self._index, min(start + 1, len(self._text))), hint)

    # Words of the split.

    def _gather(self, text: str, start: int) -> None:
        if text:
            if not self._pending:
                self._word_start = start
            self._pending.append(text)

    def _flush(self, words: list[SplitWord], end: int) -> None:
        if self._pending:
            words.append(SplitWord("".join(self._pending), self._word_start, end))
            self._pending = []

    def _gather_split(self, words: list[SplitWord], text: str, start: int) -> None:
        for char in text:
            if is_space(char):
                self._flush(words, start)
            else:
                self._gather(char, start)

    # The productions.

    def _until(self, stop: str, *, keep_escapes: bool) -> tuple[str, list[SplitWord]]:
        """Read up to and including the character `stop`, or to the end of the text."""
        before, self._keep_escapes = self._keep_escapes, keep_escapes
        self._pending = []
        opened = self._index
        out: list[str] = []
        words: list[SplitWord] = []
        while (char := self._peek()) != stop:
            if plain := _PLAIN.match(self._text, self._index):
                self._gather(plain[0], self._index)
                self._index = plain.end()
                out.append(plain[0])
                continue
            if not char:
                raise self._error(f"{stop} is missing", opened, f"close the variable with {stop}{_BLANK}")
            out.append(self._piece(char, words))
        self._flush(words, self._index)
        self._index += len(stop)
        self._keep_escapes = before
        return "".join(out), words

    def _piece(self, char: str, words: list[SplitWord]) -> str:
        start = self._index
        if char == "$":
            value = self._dollar()
            self._gather_split(words, value, start)
            return value
        if char == "<":
            value = self._arrows()
        elif char == "'" and not self._plain_quotes:
            value = self._single_quoted()
        elif char == '"' and not self._plain_quotes:
            value = self._double_quoted()
        elif char == self._escape:
            value = self._escaped()
        else:
            value = self._next()
            self._gather_split(words, value, start)
            return value
        self._gather(value, start)
        return value

    def _escaped(self) -> str:
        """Read escape and character; an escape at the end of the text is dropped."""
        escape = self._next()
        return (escape if self._keep_escapes else "") + self._next()

    def _arrows(self) -> str:
        """Read `<`, or `<<` with the blanks after it, which are part of a heredoc's word."""
        start = self._index
        self._next()
        if self._peek() == "<":
            self._next()
            while self._peek() in {"\t", "\r", " "}:
                self._next()
        return self._text[start : self._index]

    def _single_quoted(self) -> str:
        start = self._index
        end = self._text.find("'", start + 1)
        if end < 0:
            self._index = len(self._text)
            raise self._error("this single quote is never closed", start, "add the missing ' or remove this one")
        self._index = end + 1
        inner = _SURROGATES.sub("\ufffd", self._text[start + 1 : end])
        return f"'{inner}'" if self._raw_quotes else inner

    def _double_quoted(self) -> str:
        start = self._index
        quote = self._next() if self._raw_quotes else self._next()[1:]
        out = [quote]
        while (char := self._peek()) != '"':
            if not char:
                raise self._error("this double quote is never closed", start, 'add the missing " or remove this one')
            out.append(self._dollar() if char == "$" else self._in_double_quotes())
        self._next()
        out.append(quote)
        return "".join(out)

    def _in_double_quotes(self) -> str:
        """Read one character; the escape token is removed before a quote, a dollar and itself only."""
        char = self._next()
        if char != self._escape:
            return char
        prefix = char if self._keep_escapes else ""
        following = self._peek()
        if not following:
            return prefix
        return prefix + (self._next() if following in {'"', "$", self._escape} else char)

    # Variables.

    def _dollar(self) -> str:
        start = self._index
        self._next()
        if self._peek() != "{":
            name = self._name()
            return self._value(name)[0] if name and self._lookup else f"${name}"
        self._next()
        if self._peek() in {_END, "{", "}", ":"}:
            raise self._error("this is not a variable", start, "write ${NAME}")
        name = self._name()
        operator = self._next()
        if operator == "}":
            return self._value(name)[0] if self._lookup else f"${{{name}}}"
        if not operator:
            raise self._error("} is missing", start, f"close the variable with }}{_BLANK}")
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(f"variables are nested more than {DEEPEST} levels deep", start)
        value = self._replacement(name, start) if operator == "/" else self._modified(name, operator, start)
        self._depth -= 1
        return value

    def _value(self, name: str) -> tuple[str, bool]:
        value = self._lookup(name) if self._lookup else None
        (self.unset if value is None else self.used).add(name)
        return value or "", value is not None

    def _name(self) -> str:
        start = self._index
        first = self._peek()
        if first in _SPECIAL:
            return self._next()
        belongs = str.isdecimal if first.isdecimal() else _is_name
        while (char := self._peek()) and belongs(char):
            self._index += 1
        return self._text[start : self._index]

    def _modified(self, name: str, operator: str, start: int) -> str:
        empty_is_unset = operator == ":"
        if empty_is_unset:
            operator += self._next()
        kind = operator[-1:]
        if kind not in {"-", "+", "?", "#", "%"} or operator in {":#", ":%"}:
            raise self._error(
                f"a variable has no modifier {operator}",
                start,
                "Docker knows :- - :+ + :? ? # ## % %% / and //",
            )
        word, _ = self._until("}", keep_escapes=kind in {"#", "%"})
        if not self._lookup:
            return f"${{{name}{operator}{word}}}"
        value, is_set = self._value(name)
        is_set = is_set and not (empty_is_unset and not value)
        if kind == "-":
            return value if is_set else word
        if kind == "+":
            return word if is_set else ""
        if kind == "?" and not is_set:
            what = "empty" if empty_is_unset and name in self.used else "unset"
            raise self._error(f"{name}: {word or f'must not be {what}'}", start, f"set it, as with ARG {name}=...")
        return value if kind == "?" else self._trimmed(value, kind, word, start)

    def _trimmed(self, value: str, kind: str, pattern: str, start: int) -> str:
        longest = pattern.startswith(kind)
        trim = glob.trim_prefix if kind == "#" else glob.trim_suffix
        try:
            return trim(value, pattern.removeprefix(kind), longest=longest)
        except glob.GlobError as error:
            raise self._error(str(error), start) from error

    def _replacement(self, name: str, start: int) -> str:
        every = self._peek() == "/"
        self._index += every
        pattern, _ = self._until("/", keep_escapes=True)
        text, _ = self._until("}", keep_escapes=True)
        if not self._lookup:
            return f"${{{name}/{pattern}/{text}}}"
        value, _ = self._value(name)

        def filled(matched: str) -> str:
            # Replacing all is Go's ReplaceAllString, to which $0 is the match and any other $group is empty.
            return re.sub(_TEMPLATE, lambda m: "$" if m[1] else (matched if (m[2] or m[3]) == "0" else ""), text)

        try:
            return glob.replace(value, pattern, filled if every else lambda _: text, every=every)
        except glob.GlobError as error:
            raise self._error(str(error), start) from error


def _is_name(char: str) -> bool:
    return char == "_" or char.isalpha() or char.isdecimal()
