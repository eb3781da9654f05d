"""The error of one value whose place in the file is not known yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["InvalidValue", "any_of"]


class InvalidValue(ValueError):  # noqa: N818 - it becomes an error with a location
    """A value that is not valid. The caller adds the location and raises `UserError`.

    Args:
        message: what is wrong, without a full stop.
        expected: what would be valid.
        hint: what to write instead.
    """

    def __init__(self, message: str, *, expected: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected
        self.hint = hint


def any_of(words: Iterable[str]) -> str:
    """Join words for a sentence: `a, b or c`."""
    *head, tail = words
    return f"{', '.join(head)} or {tail}" if head else tail
