"""The patterns of ``${x#pattern}``, ``${x%pattern}`` and ``${x/pattern/text}``: ``*``, ``?`` and escapes.

Matching keeps the set of places in the pattern that can be reached (a small automaton), so no pattern can make it
slow; BuildKit turns the pattern into a regular expression, and as there neither wildcard matches a line break.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GlobError", "replace", "trim_prefix", "trim_suffix"]

_PAIRS = r"(?s:\\?.)"
_ANY = None
_STAR = True
_Element = str | bool | None


class GlobError(ValueError):
    """The pattern escapes something that needs no escape."""


def _elements(pattern: str) -> list[_Element]:
    found: list[_Element] = []
    index = 0
    pattern = pattern.removeprefix("\ufeff")  # as BuildKit's reader does
    while index < len(pattern):
        char = pattern[index]
        index += 1
        if char == "*":
            found.append(_STAR)
        elif char == "?":
            found.append(_ANY)
        elif char == "\\":
            char = pattern[index : index + 1]
            index += 1
            if char not in {"*", "?", "\\", "}", "/"}:
                raise GlobError(f"\\{char} is no escape in a pattern; only \\* \\? \\\\ \\}} and \\/ are")
            found.append(char)
        else:
            found.append(char)
    return found


def _spread(states: set[int], elements: list[_Element]) -> set[int]:
    """Add the states that a star lets one reach without a character."""
    for state in sorted(states):
        following = state
        while following < len(elements) and elements[following] is _STAR:
            following += 1
            states.add(following)
    return states


def _ends(elements: list[_Element], value: str, start: int, *, shortest: bool) -> int:
    """Return where a match that begins at ``start`` ends, or -1."""
    states = _spread({0}, elements)
    end = -1
    for index in range(start, len(value) + 1):
        if len(elements) in states:
            end = index
            if shortest:
                return end
        if index == len(value) or not states:
            break
        states = _spread(_step(states, elements, value[index]), elements)
    return end


def _step(states: set[int], elements: list[_Element], char: str) -> set[int]:
    following: set[int] = set()
    for state in states:
        element = elements[state] if state < len(elements) else ""
        if element is _STAR and char != "\n":
            following.add(state)
        elif element == char or (element is _ANY and char != "\n"):
            following.add(state + 1)
    return following


def trim_prefix(value: str, pattern: str, *, longest: bool) -> str:
    """Return ``value`` without what ``pattern`` matches at its start.

    Raises:
        GlobError: the pattern is wrong.
    """
    return value[max(_ends(_elements(pattern), value, 0, shortest=not longest), 0) :]


def trim_suffix(value: str, pattern: str, *, longest: bool) -> str:
    """Return ``value`` without what ``pattern`` matches at its end.

    Raises:
        GlobError: the pattern is wrong.
    """
    backwards = value[::-1]
    # Turned as text, pair by pair, since a lone escape at the end then escapes what comes to stand behind it.
    turned = "".join(reversed(re.findall(_PAIRS, pattern)))
    return backwards[max(_ends(_elements(turned), backwards, 0, shortest=not longest), 0) :][::-1]


def replace(value: str, pattern: str, text: Callable[[str], str], *, every: bool) -> str:
    """Return ``value`` with the first or with every match of ``pattern`` replaced, the longest match each time.

    Args:
        value: the value of the variable.
        pattern: what to look for.
        text: gives the replacement for what was matched.
        every: replace all matches, not the first alone.

    Raises:
        GlobError: the pattern is wrong.
    """
    elements = _elements(pattern)
    out: list[str] = []
    index, copied, barred = 0, 0, -1
    while index <= len(value):
        end = _ends(elements, value, index, shortest=False)
        if end < 0 or end == index == barred:  # an empty match right behind a match is none
            index += 1
            continue
        out += (value[copied:index], text(value[index:end]))
        copied = barred = end
        index = end if end > index else index + 1
        if not every:
            break
    return "".join(out) + value[copied:]
