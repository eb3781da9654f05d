"""The space that a folder takes on disk."""

from __future__ import annotations

import os

__all__ = ["disk_size"]

_BLOCK = 512
"""Bytes in a unit of `st_blocks`, whatever the file system's own block size is."""


def disk_size(folder: str) -> int:
    """Return the bytes that a folder occupies; a file with several names counts once, links are not followed."""
    total = 0
    counted: set[tuple[int, int]] = set()
    pending = [folder]
    while pending:
        try:
            entries = os.scandir(pending.pop())
        except OSError:
            continue
        with entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                if status.st_nlink > 1 and not entry.is_dir(follow_symlinks=False):
                    if (status.st_dev, status.st_ino) in counted:
                        continue
                    counted.add((status.st_dev, status.st_ino))
                total += status.st_blocks * _BLOCK
    return total
