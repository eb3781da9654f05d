"""Check a grafted interpreter on its stage, and make what is joined onto the stage beside it.

These are the folders above it, as the stage has them, and the link by which PATH finds it. Its own layer has it at its
path; where a link of the stage leads elsewhere, this makes a copy there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

from pyenv_image import account, folders, path_link, selfcheck, skeleton
from pyenv_image.times import fix_time

if TYPE_CHECKING:
    from pyenv_image.step_options import FinishOptions


def run(options: FinishOptions) -> None:
    """Check the interpreter that runs this, and make the folders and links; this runs on the stage.

    Raises:
        StepError: the interpreter does not work on this base, or there is no room for it.
    """
    selfcheck.run()
    prefix, link = Path(options.prefix), Path(options.link or "/")
    root = Path(options.skeleton)
    makes_link = bool(options.link) and path_link.is_free(link)
    skeleton.make_skeleton(root, [prefix.parent, *([link.parent] if makes_link else [])], account.find("0"))
    if folders.links_in(prefix.parent):
        place = _real_place(root, prefix)
        with _keeping_time(place.parent):
            shutil.copytree(sys.prefix, str(place), symlinks=True)
    if makes_link:
        place = _real_place(root, link)
        with _keeping_time(place.parent):
            path_link.write(place, Path(options.python))
            fix_time(place)


def _real_place(root: Path, path: Path) -> Path:
    """Return where a path of the stage is in its skeleton, with the links in the path followed."""
    return skeleton.below(root, os.path.realpath(str(path.parent))) / path.name


@contextlib.contextmanager
def _keeping_time(folder: Path) -> Iterator[None]:
    about = folder.stat()
    yield
    os.utime(str(folder), ns=(about.st_atime_ns, about.st_mtime_ns))
