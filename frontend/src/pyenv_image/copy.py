"""Copy an environment from the stage that created it for this path."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pyenv_image import account
from pyenv_image.failure import StepError
from pyenv_image.room import make_room

if TYPE_CHECKING:
    from pyenv_image.step_options import CopyOptions


def run(options: CopyOptions) -> None:
    """Copy an environment with its owners, modes and times.

    Raises:
        StepError: the user does not exist, there is nothing to copy, or the path is taken.
    """
    source, path = Path(options.source), Path(options.path)
    if not source.is_dir():
        raise StepError(f"PYENV {options.name}: the stage of --builder has no {path}")
    owner = account.find(options.user, options.home)
    make_room(path)
    owner.own_folder(path)
    copy(source, path)


def copy(source: Path, target: Path) -> None:
    """Copy the content of a folder to one that exists, then the folder's own owner, mode and times."""
    for entry in sorted(os.scandir(str(source)), key=lambda entry: entry.name):
        place = target / entry.name
        if entry.is_dir(follow_symlinks=False):
            place.mkdir()
            copy(Path(entry.path), place)
        else:
            shutil.copy2(entry.path, str(place), follow_symlinks=False)
            _own_alike(Path(entry.path), place)
    _own_alike(source, target)
    shutil.copystat(str(source), str(target))


def _own_alike(source: Path, target: Path) -> None:
    about = source.lstat()
    os.chown(str(target), about.st_uid, about.st_gid, follow_symlinks=False)
