"""The last day of security fixes for each version of Python."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["END_OF_LIFE", "end_of_life"]

END_OF_LIFE = {
    (3, 7): date(2023, 6, 27),
    (3, 8): date(2024, 10, 7),
    (3, 9): date(2025, 10, 31),
    (3, 10): date(2026, 10, 31),
    (3, 11): date(2027, 10, 31),
    (3, 12): date(2028, 10, 31),
    (3, 13): date(2029, 10, 31),
    (3, 14): date(2030, 10, 31),
    (3, 15): date(2031, 10, 31),
}
"""Minor version to the last day of security fixes; a test compares it with the frontend's table."""


def end_of_life(version: Sequence[int] | None) -> date | None:
    """Return the last day of security fixes for a version such as `(3, 8, 18)`; None if it is not known."""
    return END_OF_LIFE.get((version[0], version[1])) if version and len(version) > 1 else None
