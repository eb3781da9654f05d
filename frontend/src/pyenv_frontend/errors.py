"""The errors that this package raises on purpose, and their text.

A leaf: it imports `positions` and nothing else, so that every module may import it. `UserError` is for what the user
can fix; it says where (file, line, column, and the line with a caret), what was expected, and what to write. Any other
exception that escapes is a bug in this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenv_frontend.positions import Location

__all__ = ["PyenvError", "UsageError", "UserError", "did_you_mean", "explained", "nearest", "point", "printable"]

WIDEST = 160
"""The most characters of a source line that an excerpt shows."""


class PyenvError(Exception):
    """Root of all errors of this package."""

    exit_code: ClassVar[int] = 70
    """The exit code of the command line for this error (70 is sysexits' "internal")."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def format(self) -> str:
        """Return the whole text for the user, without an end of line."""
        return self.message


class UserError(PyenvError):
    """A mistake in what the user wrote.

    Args:
        message: one sentence without a full stop: the thing, its value, and what is wrong with it.
        locations: the places; the first is shown with its line, further ones as notes ("also at").
        expected: what would be valid, such as `a version like 3.11`.
        hint: what to write or do instead, ready to be copied where possible.
    """

    exit_code = 1

    def __init__(self, message: str, *locations: Location, expected: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.locations = locations
        self.expected = expected
        self.hint = hint

    def __str__(self) -> str:
        return self.format()

    @property
    def headline(self) -> str:
        """`file:line:column: message`, in one line."""
        return f"{point(self.locations[0])}: {self.message}" if self.locations else self.message

    def format(self) -> str:
        """Return headline, excerpts, expectation and hint, each on its own lines."""
        return explained(self.headline, self.locations, self.expected, self.hint)


class UsageError(PyenvError):
    """The command line is wrong (sysexits' 64)."""

    exit_code = 64


def explained(headline: str, locations: Iterable[Location], expected: str, hint: str) -> str:
    """Return a headline with the excerpts of all locations, and with expectation and hint if there are any."""
    parts = [headline]
    for number, location in enumerate(locations):
        parts += [f"also at {point(location)}:"] if number else []
        parts.append(excerpt(location))
    parts += [f"expected: {expected}"] if expected else []
    parts += [f"hint: {hint}"] if hint else []
    return "\n".join(parts)


def point(location: Location) -> str:
    """Return `file:line:column`."""
    line, column = location.position
    return f"{location.file.name}:{line}:{column}"


def excerpt(location: Location) -> str:
    """Return the numbered line of an error, with carets under the location.

    A location of several lines is underlined to the end of its first line. A long line is cut on both sides.
    """
    start, end = location.position, location.end
    text = printable(location.file.line_text(start.line))
    until = end.column if end.line == start.line else len(text) + 1
    cut = max(0, start.column - 1 - WIDEST // 2)
    shown = text[cut : cut + WIDEST]
    lead = "".join("\t" if char == "\t" else " " for char in shown[: start.column - 1 - cut])
    carets = "^" * max(1, min(until - start.column, len(shown) - len(lead)))
    number = f"{start.line:>5}"
    return f"{number} | {shown}\n{' ' * len(number)} | {lead}{carets}"


def printable(text: bytes) -> str:
    """Decode text for display: one visible character for each character or invalid byte; tabs are kept."""
    decoded = text.decode("utf-8", "surrogateescape")
    return "".join(char if char == "\t" or char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in decoded)


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return the known word nearest to another, or an empty string; letter case does not matter.

    Args:
        word: the unknown word.
        known: the known words.
        cutoff: the required similarity, from 0 to 1.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - needed only for an error

    by_lower = {candidate.lower(): candidate for candidate in known}
    close = get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[close[0]] if close else ""


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return the hint that names the nearest known word, or an empty string."""
    close = nearest(word, known, cutoff=cutoff)
    return f"did you mean {close}?" if close else ""
