"""Byte code that is there, valid, and the same in every build.

A read-only container cannot keep what it compiles, so everything is compiled here. ``unchecked-hash`` (PEP 552), since
layers may be rewritten with other times (``SOURCE_DATE_EPOCH``). A fixed hash seed, since a set of constants is written
in the order of its hashes.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["compile_all"]


def compile_all(python: Path, folders: list[Path], leave_out: str) -> None:
    """Byte-compile everything below some folders.

    What does not compile (the standard library has deliberate syntax errors, packages ship templates that are no valid
    Python) would not import either, so the exit code says nothing.

    Args:
        python: the interpreter that is going to import it.
        folders: where; the first one must exist.
        leave_out: a regular expression for paths that are not worth it.
    """
    command = [str(python), "-s", "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    # Not isolated (-I), which would leave the seed out; the working directory is in its path instead, and is harmless.
    subprocess.call(
        [*command, "-x", leave_out, *map(str, folders)],
        cwd=str(folders[0]),
        # What this very process imports while it starts must not be written with a time, which would then stay.
        env={"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/local/bin:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
