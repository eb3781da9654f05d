"""The patterns of `${x#pattern}`, `${x%pattern}` and `${x/pattern/text}`: `*`, `?` and escapes.

Source of truth: BuildKit's shell/lex.go, which makes regular expressions of them too; neither wildcard matches a line
break. Go's expressions are linear. Here every `*` but the last takes the nearest match of what follows it and never
tries another (an atomic group), which finds the same matches: only the last one decides where a match ends.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GlobError", "replace", "trim_prefix", "trim_suffix"]

_PAIRS = re.compile(r"\\?.", re.DOTALL)
_PIECE = re.compile(r"\\.?|.", re.DOTALL)
_ANY = "[^\n]"


class GlobError(ValueError):
    """The pattern has an escape that is not valid."""


def trim_prefix(value: str, pattern: str, *, longest: bool) -> str:
    """Return `value` without what `pattern` matches at its start.

    Raises:
        GlobError: The pattern is wrong.
    """
    match = _compile(pattern, longest=longest).match(value)
    return value[match.end() :] if match else value


def trim_suffix(value: str, pattern: str, *, longest: bool) -> str:
    """Return `value` without what `pattern` matches at its end.

    Raises:
        GlobError: The pattern is wrong.
    """
    # Reversed as text, pair by pair: a lone escape at the end then escapes the character that follows it.
    backwards = "".join(reversed(_PAIRS.findall(pattern)))
    return trim_prefix(value[::-1], backwards, longest=longest)[::-1]


def replace(value: str, pattern: str, text: Callable[[str], str], *, every: bool) -> str:
    """Return `value` with the first or with every match of `pattern` replaced, the longest match each time.

    Args:
        value: The value of the variable.
        pattern: What to look for.
        text: Gives the replacement for what was matched.
        every: Replace all matches, not the first alone.

    Raises:
        GlobError: The pattern is wrong.
    """
    out: list[str] = []
    copied = -1
    for match in _compile(pattern, longest=True).finditer(value):
        if match.end() == copied:  # unlike Python, Go has no empty match right behind a match
            continue
        out += (value[max(copied, 0) : match.start()], text(match[0]))
        copied = match.end()
        if not every:
            break
    return "".join(out) + value[max(copied, 0) :]


def _compile(pattern: str, *, longest: bool) -> re.Pattern[str]:
    """Translate a pattern.

    Raises:
        GlobError: It has an escape that is not valid.
    """
    # As BuildKit's reader, drop a byte order mark.
    pieces = [_translated(piece) for piece in _PIECE.findall(pattern.removeprefix("\ufeff"))]
    first, *rest = _split(pieces)
    if not rest:
        return re.compile(first)
    *middle, last = rest
    atoms = [f"(?>{_ANY}*?{part})" for part in middle if part]
    return re.compile("".join([first, *atoms, f"{_ANY}*{'' if longest else '?'}{last}"]))


def _split(pieces: list[str]) -> list[str]:
    """Join the pieces between stars."""
    parts: list[list[str]] = [[]]
    for piece in pieces:
        if piece == "*":
            parts.append([])
        else:
            parts[-1].append(piece)
    return ["".join(part) for part in parts]


def _translated(piece: str) -> str:
    """Return the regular expression of a piece; a star stays one."""
    if piece == "*":
        return piece
    if piece == "?":
        return _ANY
    if piece[0] != "\\":
        return re.escape(piece)
    if piece[1:] not in {"*", "?", "\\", "}", "/"}:
        raise GlobError(f"{piece} is not an escape of patterns: \\* \\? \\\\ \\}} and \\/ are")
    return re.escape(piece[1:])
