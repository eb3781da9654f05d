"""The cache mount that builds share: each user has a folder of their own in it."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["MOUNT", "folder"]

MOUNT = Path("/run/pyenv-cache")


def folder(uid: int, gid: int) -> Path | None:
    """Return the part of the mount that belongs to a user, or None where nothing is mounted. Needs root."""
    if not MOUNT.is_dir():
        return None
    mine = MOUNT / str(uid)
    mine.mkdir(mode=0o755, exist_ok=True)
    os.chown(str(mine), uid, gid)
    return mine
