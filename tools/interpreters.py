"""Interpreters of this machine, packed as the official Python images hold theirs."""

import io
import json
import os
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tools import debian
from tools.state import Unavailable, folder, run

__all__ = ["find", "pack", "uv"]

# What the official slim images leave out too, and what `ensurepip` is going to make.
LEFT_OUT = re.compile(r"(^|/)(test|tests|idle_test|__pycache__|site-packages)(/|$)|\.py[co]$|libpython[^/]*\.a$")
SCRIPTS = re.compile(r"bin/(pip|easy_install|wheel)[^/]*$")


def uv() -> Path:
    """Return the uv that the development environment was made with."""
    return folder("uv", "bin") / "uv"


def find(version: str) -> Path:
    """Return the prefix of an interpreter of that version.

    Args:
        version: `3.8` or `3.8.18`.

    Raises:
        Unavailable: this machine has none, and uv can fetch none.
    """
    home = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    pattern = re.compile(re.escape(version) + r"(\.\d+)?")
    homes = [path for path in home.glob("*") if pattern.fullmatch(path.name) and (path / "bin/python3").exists()]
    if homes:
        return max(homes, key=lambda path: [int(part) for part in path.name.split(".")])
    try:
        return _managed(version)
    except Unavailable:
        run([uv(), "python", "install", version], timeout=120)
        return _managed(version)


def full_version(prefix: Path) -> str:
    """Return the version of the interpreter below `prefix`, such as `3.8.18`."""
    code = "import platform; print(platform.python_version())"
    return run([prefix / "bin/python3", "-I", "-c", code]).strip()


def pack(prefix: Path, *, as_prefix: str) -> bytes:
    """Return a tar of the interpreter, made to believe that it was built for another prefix.

    Its programs look for their library beside themselves (`$ORIGIN/../lib`), as those of the official images do.

    Args:
        prefix: where it lies here.
        as_prefix: where it is going to lie, such as `/usr/local`.

    Raises:
        Unavailable: patchelf is needed and cannot be installed.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path in sorted(prefix.rglob("*")):
            name = str(path.relative_to(prefix))
            if LEFT_OUT.search(name) or SCRIPTS.search(name):
                continue
            member = tar.gettarinfo(path, name)
            member.uid = member.gid = 0
            member.uname = member.gname = "root"
            if not member.isfile():
                tar.addfile(member)
                continue
            content = _moved(path, path.read_bytes(), prefix, as_prefix)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _moved(path: Path, content: bytes, prefix: Path, as_prefix: str) -> bytes:
    """Return a file's content as it would be, had the interpreter been built for `as_prefix`."""
    linked = content[16:17] in (b"\2", b"\3")  # e_type: a program or a shared library, no object file
    if content.startswith(b"\x7fELF") and linked:
        return _as_built(content, program=path.parent.name == "bin")
    if b"\0" not in content:
        return content.replace(bytes(prefix), as_prefix.encode())
    return content


def _as_built(content: bytes, *, program: bool) -> bytes:
    """Strip a program or library and set where it looks for libraries, as the official build does."""
    debian.install("patchelf", "binutils")
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "copy")
        copy.write_bytes(content)
        run(["strip", "--strip-unneeded", copy])
        run(["patchelf", *(["--set-rpath", "$ORIGIN/../lib"] if program else ["--remove-rpath"]), copy])
        return copy.read_bytes()


def _managed(version: str) -> Path:
    """Return the prefix of an interpreter that uv keeps."""
    command = [str(uv()), "python", "list", "--managed-python", "--only-installed", "--output-format", "json", version]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    listed = json.loads(done.stdout or "[]")
    if not listed:
        raise Unavailable(f"no Python {version} on this machine (looked at pyenv's versions and at uv's)")
    return Path(listed[0]["path"]).resolve().parent.parent
