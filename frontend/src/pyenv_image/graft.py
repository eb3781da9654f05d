"""Copy an interpreter, and nothing else, from a mounted prefix to a prefix of its own in this image.

The official images link `bin/python3.X` with RUNPATH `$ORIGIN/../lib` and find their standard library relative to the
executable, so the prefix can be moved as a whole. A prefix of its own (not `/usr/local`) keeps the base's own Python
untouched, byte for byte.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

from pyenv_image import caches, libraries, path_link
from pyenv_image.bytecode import compile_all
from pyenv_image.failure import StepError
from pyenv_image.times import fix_times

if TYPE_CHECKING:
    from pyenv_image.step_options import GraftOptions

_SERIES = f"{sys.version_info[0]}.{sys.version_info[1]}"
# Never needed by a program in an environment: test suites, the editor, its demos, caches; packages of the other image.
_LEFT_OUT = frozenset({"__pycache__", "test", "tests", "idlelib", "idle_test", "turtledemo", "site-packages"})

# The packages of the official images, so that `python3.X -m pip` works as it does there.
_PIP = re.compile(r"(pip|setuptools|wheel)(-[^-]+\.dist-info)?|pkg_resources|_distutils_hack|distutils-precedence\.pth")

# No task imports them, so they need no byte code.
_SELDOM = ("lib2to3", "distutils", "pydoc_data", "tkinter", "ensurepip", "site-packages")


def run(options: GraftOptions) -> None:
    """Copy the interpreter that runs this into the image, and compile it; check and link it, unless `finish` does.

    Raises:
        StepError: there is no such interpreter in the source, or it does not work on this base.
    """
    prefix = Path(options.prefix)
    python = prefix / "bin" / f"python{_SERIES}"
    is_new = not python.exists()  # a base image may have been built with the same PYENV
    if is_new:
        copy(Path(options.source), prefix)
        if options.libraries:
            libraries.carry(prefix, _SERIES, Path(options.libraries))
    cache = caches.folder(os.getuid(), os.getgid())
    compile_all(python, [prefix / "lib" / f"python{_SERIES}"], without=_SELDOM, cache=cache)
    if not options.checked_on_stage:
        _check(python)
    if is_new:
        fix_times(prefix)
    if options.link:
        path_link.make(Path(options.link), python)


def copy(source: Path, prefix: Path) -> None:
    """Copy executable, shared libraries, standard library, headers and pip; modes are kept.

    Raises:
        StepError: the source has no such interpreter.
    """
    if not (source / "bin" / f"python{_SERIES}").is_file():
        raise StepError(
            f"no bin/python{_SERIES} in {source}: --from must name an image with python{_SERIES} in /usr/local"
        )
    for path in _parts(source):
        _copy_part(path, prefix / path.relative_to(source))
    (prefix / "lib" / f"python{_SERIES}" / "site-packages").mkdir()
    for path in sorted((source / "lib" / f"python{_SERIES}" / "site-packages").glob("*")):
        if _PIP.fullmatch(path.name):
            _copy_part(path, prefix / path.relative_to(source))


def _copy_part(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        shutil.copytree(str(path), str(target), symlinks=True, ignore=_left_out)
    else:
        shutil.copy2(str(path), str(target), follow_symlinks=False)


def _parts(source: Path) -> Iterator[Path]:
    yield source / "bin" / f"python{_SERIES}"
    yield source / "lib" / f"python{_SERIES}"
    yield from sorted((source / "lib").glob(f"libpython{_SERIES}*.so*"))
    yield from sorted((source / "include").glob(f"python{_SERIES}*"))
    yield from sorted((source / "lib" / "pkgconfig").glob(f"python-{_SERIES}*.pc"))


def _left_out(_folder: str, names: list[str]) -> set[str]:
    return set(_LEFT_OUT.intersection(names)) | {name for name in names if name.endswith((".a", ".pyc"))}


def _check(python: Path) -> None:
    """Check the interpreter at its new path, not where it was mounted."""
    here = str(Path(__file__).resolve().parent)
    done = subprocess.run([str(python), "-IB", here, "selfcheck"], capture_output=True, check=False)
    if done.returncode:
        raise StepError((done.stderr or done.stdout).decode(errors="replace").strip().replace("error: ", "", 1))
