"""Reading of an environment's files, whatever they are: nothing raises, blocks or fills the memory."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["decodable", "glob", "read_head"]


def read_head(path: str | Path, limit: int) -> str:
    """Return the beginning of a regular file as text with Unix line ends; empty text if it cannot be read.

    Args:
        path: the file; a pipe, a device or a folder counts as one that cannot be read.
        limit: how many bytes to read at most.
    """
    try:
        # Opening a pipe without O_NONBLOCK waits until somebody writes into it.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return ""
            data = file.read(limit)
    except (OSError, ValueError):
        return ""
    return data.decode("utf-8", errors="replace").replace("\r\n", "\n")


def glob(folder: Path, pattern: str) -> list[Path]:
    """Return the sorted matches; none in a folder that cannot be read or has a name that is too long."""
    try:
        return sorted(folder.glob(pattern))
    except (OSError, ValueError):
        return []


def decodable(text: str) -> str:
    """Replace the bytes of a name that are no UTF-8, which Python keeps as surrogates, by a question mark in a box."""
    return text.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")
