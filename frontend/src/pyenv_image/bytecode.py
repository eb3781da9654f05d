"""Byte code that is complete, valid, and the same in every build.

A read-only container cannot keep what it compiles, so everything is compiled here. The files are `unchecked-hash`
(PEP 552), since layers may be rewritten with other times (`SOURCE_DATE_EPOCH`). The hash seed is fixed, since a set of
constants is written in the order of its hashes.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Iterable

from pyenv_image.failure import StepError

__all__ = ["compile_all"]

_COMPILER = Path(__file__).resolve().with_name("compiler.py")


def compile_all(python: Path, folders: list[Path], *, without: Iterable[str], cache: Path | None) -> None:
    """Byte-compile everything below some folders; files that do not compile are skipped.

    Args:
        python: the interpreter that imports it later.
        folders: the folders; the first one must exist.
        without: names of folders to skip.
        cache: the user's folder of the cache mount, where byte code is kept between builds.

    Raises:
        StepError: the interpreter did not finish, or a file could not be written.
    """
    # The process must not write byte code of its own imports: it has times in it, or is in the base's own library.
    environ = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/local/bin:/usr/bin:/bin"}
    if "LD_LIBRARY_PATH" in os.environ:  # an interpreter may need it to start
        environ["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    byte_code = str(cache / "bytecode") if cache else ""
    # Not isolated (-I), which would leave the seed out. Without `site` (-S): no .pth file of a package is run.
    done = subprocess.run(
        [str(python), "-S", "-W", "ignore", str(_COMPILER), byte_code, ",".join(without), *map(str, folders)],
        cwd=str(folders[0]),
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().rpartition("\n")[2] or f"exit code {done.returncode}"
        raise StepError(
            f"byte code could not be made in {folders[0]}: {reason}; --no-compile leaves an environment's out"
        )
