"""The time of the files that have to be the same in every build."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FIXED_TIME", "fix_time", "fix_times"]

FIXED_TIME = 315532800
"""1980-01-01, the time of the files of independent environments: the first that all formats of archives know."""


def fix_times(folder: Path) -> None:
    """Set the time of a folder and of everything below it; links are not followed."""
    fix_time(folder)
    for above, folders, files in os.walk(str(folder)):
        for name in (*folders, *files):
            fix_time(os.path.join(above, name))  # noqa: PTH118 - `pathlib` would be slower for thousands of files


def fix_time(path: Path | str) -> None:
    """Set the time of a file, folder or link, which is not followed."""
    os.utime(path, (FIXED_TIME, FIXED_TIME), follow_symlinks=False)
