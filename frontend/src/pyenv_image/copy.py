"""Take an environment over from another stage, where it was made for this place."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pyenv_image import account
from pyenv_image.environment import clear
from pyenv_image.failure import StepError

if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> None:
    """Copy ``options.source`` to ``options.path``, with owners, modes and times.

    Raises:
        StepError: the user does not exist, or there is nothing to copy.
    """
    if not options.source.is_dir():
        raise StepError(f"PYENV {options.name}: the builder's stage has left no {options.path}")
    owner = account.find(options.user, options.home)
    clear(options.path)
    owner.own_folder(options.path)
    copy(options.source, options.path)


def copy(source: Path, target: Path) -> None:
    """Copy what is in a folder, and then what is known of the folder itself, to one that is there."""
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
