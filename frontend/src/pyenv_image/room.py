"""The place of an environment: free, or taken by what may be replaced."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from pyenv_image.failure import StepError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make_room", "obstacle"]


def make_room(path: Path) -> None:
    """Delete the environment that the base image has at a path, as a later COPY overwrites an earlier one.

    Raises:
        StepError: there is something else.
    """
    reason = obstacle(path)
    if reason:
        raise StepError(reason)
    if path.exists() and any(path.iterdir()):
        shutil.rmtree(str(path))


def obstacle(path: Path) -> str:
    """Return why a path is neither free nor an environment, or an empty text."""
    if path.is_symlink():
        return f"{path} is a link to {os.path.realpath(str(path))}: name that with --path=DIR, or choose another place"
    if path.is_file():
        return f"{path} exists and is not a folder: choose another place with --path=DIR"
    if not path.exists() or not any(path.iterdir()) or (path / "pyvenv.cfg").is_file():
        return ""
    name = path.name if len(path.parts) > 2 else "NAME"
    return (
        f"{path} exists and is not an environment, so that nothing in it is deleted: choose a folder of its own, "
        f"such as --path={path}/{name}"
    )
