"""The space that a folder takes on disk."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

__all__ = ["DiskSize", "disk_size"]

_BLOCK = 512
"""Bytes in a unit of `st_blocks`, whatever the file system's own block size is."""


@dataclass(frozen=True, order=True)
class DiskSize:
    """The bytes that a folder occupies."""

    bytes: int
    is_whole: bool = True
    """False if something in it could not be read, so that it is more."""


def disk_size(folder: str) -> DiskSize:
    """Add up what a folder occupies; a file with several names counts once, links are not followed."""
    total, is_whole = 0, True
    counted: set[tuple[int, int]] = set()
    pending = [folder]
    while pending:
        try:
            entries = os.scandir(pending.pop())
        except OSError:
            is_whole = False
            continue
        with entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    is_whole = False
                    continue
                if stat.S_ISDIR(status.st_mode):
                    pending.append(entry.path)
                elif status.st_nlink > 1:
                    if (status.st_dev, status.st_ino) in counted:
                        continue
                    counted.add((status.st_dev, status.st_ino))
                total += status.st_blocks * _BLOCK
    return DiskSize(total, is_whole)
