"""The program by which PATH finds a grafted interpreter: `/usr/local/bin/python3.8`.

It is a script of one line, and not a link: from Python 3.11 on, a virtual environment that is made by a link
(`python3.11 -m venv`) looks for its standard library beside the link.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

__all__ = ["is_free", "make", "write"]

SHELL = Path("/bin/sh")


def is_free(place: Path) -> bool:
    """Tell whether the stage has no program of that name, neither at that place nor elsewhere on PATH."""
    return shutil.which(place.name) is None and not os.path.lexists(str(place))


def make(place: Path, python: Path) -> None:
    """Make the program for an interpreter, unless the stage has another one of its name."""
    if is_free(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        write(place, python)


def write(place: Path, python: Path) -> None:
    """Write the program; a link where there is no shell for a script."""
    if SHELL.exists():
        place.write_text(f'#!{SHELL}\nexec {shlex.quote(str(python))} "$@"\n')
        place.chmod(0o755)
    else:
        place.symlink_to(python)
