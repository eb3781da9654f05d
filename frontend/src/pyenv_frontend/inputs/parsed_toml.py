"""TOML that a command or a build reads more than once: a lock is checked, followed to its files, and installed."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from typing import Any

__all__ = ["parsed_toml"]


@lru_cache(maxsize=16)
def parsed_toml(data: bytes) -> dict[str, Any]:
    """Parse a file. The result is shared, so it must not be changed.

    Raises:
        ValueError: it is not TOML, or not UTF-8, or nested too deeply.
    """
    try:
        return tomllib.loads(data.decode("utf-8"))
    except RecursionError:
        raise ValueError("arrays or tables are too deep inside one another") from None
