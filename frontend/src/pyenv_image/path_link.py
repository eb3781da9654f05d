"""The link by which PATH finds a grafted interpreter: `/usr/local/bin/python3.8`."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_free", "make"]


def is_free(place: Path) -> bool:
    """Tell whether the stage has no program of that name, neither at that place nor elsewhere on PATH."""
    return shutil.which(place.name) is None and not os.path.lexists(str(place))


def make(place: Path, python: Path) -> None:
    """Link an interpreter, unless the stage has another one of its name."""
    if is_free(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(python)
