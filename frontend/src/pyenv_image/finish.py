"""Check a grafted interpreter on its stage, and make what is joined onto the stage beside it.

These are the folders above it, as the stage has them, and the link by which PATH finds it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pyenv_image import account, folders, path_link, selfcheck, skeleton
from pyenv_image.step_options import FIXED_TIME

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
    links = Path(options.output) / "links"
    links.mkdir()
    skeleton.make_links(links, folders.links_in(prefix.parent))
    if makes_link:
        _make_link(skeleton.below(root, os.path.realpath(str(link.parent))) / link.name, options.python)


def _make_link(place: Path, python: str) -> None:
    """Make the program for an interpreter, with a fixed time, in a folder that keeps its own."""
    about = place.parent.stat()
    path_link.write(place, Path(python))
    os.utime(str(place), (FIXED_TIME, FIXED_TIME), follow_symlinks=False)
    os.utime(str(place.parent), ns=(about.st_atime_ns, about.st_mtime_ns))
