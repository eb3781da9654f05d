"""Newer Pythons from Debian's testing and unstable suites, each with the libc it was built for."""

import shutil
from functools import cache
from pathlib import Path

from tools import debian
from tools.state import folder, lock, run, say

__all__ = ["SUITES", "find"]

SUITES = {"3.14": "forky", "3.15": "sid"}
"""The Debian suite for each version."""
_PYTHON = ("python{0}-minimal", "libpython{0}-minimal", "libpython{0}-stdlib")
_LIBRARIES = (
    *("libc6", "libexpat1", "zlib1g", "libssl3t64", "libffi8", "libsqlite3-0", "libbz2-1.0", "liblzma5", "libuuid1"),
    "libzstd1",
)


@cache
def find(version: str) -> Path:
    """Return the prefix of an interpreter, which is set up on first use.

    Raises:
        Unavailable: this is not Debian, the user is not root, or the mirror no longer has the version.
    """
    prefix = folder("interpreters", version)
    program = prefix / "bin" / f"python{version}"
    with lock(f"interpreter-{version}"):
        if not (prefix / "ready-1").exists():
            say(f"making a Python {version} of Debian's packages in {prefix}")
            packages = [name.format(version) for name in _PYTHON]
            root = debian.unpack(SUITES[version], *packages, *_LIBRARIES)
            debian.install("patchelf")
            shutil.rmtree(prefix, ignore_errors=True)
            settings = shutil.ignore_patterns("sitecustomize.py")  # Debian's own is a link into /etc
            shutil.copytree(root / f"usr/lib/python{version}", prefix / f"lib/python{version}", ignore=settings)
            libraries = next(root.glob("usr/lib/*/ld-linux-*.so.*"))
            for library in libraries.parent.glob("*.so*"):
                shutil.copy(library, prefix / "lib")
            program.parent.mkdir()
            shutil.copy(root / f"usr/bin/python{version}", program)
            linker = prefix / "lib" / libraries.name
            run(["patchelf", "--set-interpreter", linker, "--force-rpath", "--set-rpath", prefix / "lib", program])
            run([program, "-I", "-c", "import ctypes, fcntl, ssl, sqlite3, zlib, bz2, lzma"])
            (prefix / "ready-1").touch()
    return prefix
