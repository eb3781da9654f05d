"""Values of a TOML file whose types nobody has checked: a value of another type counts as missing."""

from __future__ import annotations

from typing import Any

__all__ = ["table", "tables", "texts"]


def table(value: object) -> dict[str, Any]:
    """Return a table, or an empty one."""
    return value if isinstance(value, dict) else {}


def tables(value: object) -> list[dict[str, Any]]:
    """Return the tables of an array."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def texts(value: object) -> list[str]:
    """Return the strings of an array."""
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []
