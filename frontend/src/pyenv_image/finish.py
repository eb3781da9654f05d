"""Check a grafted interpreter on its stage, and let PATH find it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pyenv_image import selfcheck
from pyenv_image.step_options import FIXED_TIME

if TYPE_CHECKING:
    from pyenv_image.step_options import FinishOptions


def run(options: FinishOptions) -> None:
    """Check a grafted interpreter on the stage, and let PATH find it."""
    selfcheck.run()
    place = Path(options.link or "/nowhere")
    if options.link:
        about = place.parent.stat() if place.parent.exists() else None
        link(Path(options.python), place)
        if place.is_symlink():
            os.utime(str(place), (FIXED_TIME, FIXED_TIME), follow_symlinks=False)
        if about:
            os.utime(str(place.parent), ns=(about.st_atime_ns, about.st_mtime_ns))


def link(python: Path, place: Path) -> None:
    """Link `pythonX.Y` on PATH, unless the stage has another one there."""
    if shutil.which(place.name) is None and not os.path.lexists(str(place)):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(python)
