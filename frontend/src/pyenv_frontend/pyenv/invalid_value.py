"""What is wrong with one value, before anyone knows where in the file it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["InvalidValue", "listed"]


class InvalidValue(ValueError):  # noqa: N818 - an error is what is made of it, with a place
    """A value that cannot be meant; whoever knows its place makes a `UserError` of it.

    Args:
        message: what is wrong, without a full stop.
        expected: what could have stood there.
        hint: what to write instead.
    """

    def __init__(self, message: str, *, expected: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected
        self.hint = hint


def listed(words: Iterable[str], last: str = "or") -> str:
    """`a, b or c`."""
    *head, tail = words
    return f"{', '.join(head)} {last} {tail}" if head else tail
