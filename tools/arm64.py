"""Run and build arm64 images on another machine, with emulation by the kernel and files from Debian's packages.

The kernel executes arm64 programs with Debian's qemu (binfmt_misc). The images are stand-ins whose packages are
unpacked but not configured, which needs no emulation. This is sufficient for a base image with the libraries that
Python needs, and for images with a Python in `/usr/local`.
"""

import contextlib
import fcntl
import io
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tools import debian, interpreters
from tools.engine import Engine
from tools.stand_ins import CERTIFICATES, IN_IMAGE
from tools.state import ROOT, Unavailable, folder, lock, run, say

__all__ = ["PLATFORM", "emulation", "push_base", "push_frontend", "push_python", "tag_both"]

PLATFORM = "linux/arm64"
SERIES = "3.11"
"""Version of Python in the environments of tests."""
_SUITES = {SERIES: "bookworm", "3.13": "trixie"}
"""Debian release that has a version of Python, by that version."""
_PACKAGES = "base-files,base-passwd,bash,coreutils,dash,libc-bin,libstdc++6"
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_CONTROLS = ("register", "status")
_ENTRY = "pyenv-frontend-arm64"
# Header of a 64-bit, little-endian ELF file for machine 0xb7 (EM_AARCH64). The mask allows both executables and shared
# objects. The flag F opens qemu at once, so that containers do not need it (see the kernel's binfmt-misc.rst).
_MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"


@contextlib.contextmanager
def emulation() -> Iterator[None]:
    """Make the kernel execute arm64 programs until no process uses this context any more.

    Do nothing if the kernel can execute them already.

    Raises:
        Unavailable: the kernel does not support emulators, or qemu is not available.
    """
    with folder("locks").joinpath("emulation").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        if not any("b700" in entry.read_text() for entry in _BINFMT.glob("*") if entry.name not in _CONTROLS):
            _register()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails if others use it
                (_BINFMT / _ENTRY).write_text("-1")


def _register() -> None:
    qemu = debian.unpack(_SUITES[SERIES], "qemu-user-static") / "usr/bin/qemu-aarch64-static"
    if not (_BINFMT / "register").exists():
        run(["mount", "-t", "binfmt_misc", "binfmt_misc", _BINFMT])
    try:
        with contextlib.suppress(FileExistsError):  # registered by another process
            (_BINFMT / "register").write_text(f":{_ENTRY}:M::{_MAGIC}:{_MASK}:{qemu}:F")
    except OSError as reason:
        raise Unavailable(f"the kernel takes no emulator for arm64: {reason}") from reason


def push_base(engine: Engine, name: str) -> None:
    """Push an arm64 image of Debian with the libraries that Python needs, but without Python."""

    def keep(path: str) -> str | None:
        return None if path.startswith(("usr/lib/python3", "usr/bin/python3")) else path

    variables = f"ENV PATH=/usr/local/bin:/usr/bin SSL_CERT_FILE={IN_IMAGE}\n"
    _push(engine, name, f"FROM scratch\nADD files.tar /\n{variables}", keep, extra=_accounts())


def push_python(engine: Engine, name: str) -> None:
    """Push an arm64 image that contains only a Python in /usr/local, as the official images have it."""

    def keep(path: str) -> str | None:
        moved = _in_local(path, SERIES)
        return moved if moved != path else None

    _push(engine, name, "FROM scratch\nADD files.tar /\n", keep)


def tag_both(engine: Engine, name: str, python: str) -> None:
    """Build an image for both platforms, each with a Python in /usr/local.

    Args:
        engine: an engine with containerd's image store.
        name: the name of the image.
        python: the image for amd64, such as `python:3.13-slim-bookworm`. The arm64 image gets Debian's Python of the
            same version.
    """
    series = python.rpartition(":")[2].partition("-")[0]
    dockerfile = f"FROM {python} AS amd64\nFROM scratch AS arm64\nADD files.tar /\nFROM $TARGETARCH\n"

    def keep(path: str) -> str | None:
        return _in_local(path, series) if f"{path}/".startswith(("lib", "usr/lib", "usr/bin/python")) else None

    with _context(dockerfile, keep, series) as context:
        options = [f"--platform=linux/amd64,{PLATFORM}", "--provenance=false", f"--tag={name}"]
        engine.run("buildx", "build", *options, context, timeout=300)


def _in_local(path: str, series: str) -> str:
    """Return the path that a file of Debian's Python has in the official images; other files keep their paths."""
    belongs_to_python = path == f"usr/bin/python{series}" or f"{path}/".startswith(f"usr/lib/python{series}/")
    return path.replace("usr/", "usr/local/", 1) if belongs_to_python else path


def push_frontend(engine: Engine, name: str, frontend: str) -> None:
    """Push a frontend for two platforms.

    The arm64 image has a uv for arm64, and otherwise the files of the amd64 image. These are never executed there,
    because a frontend runs on the engine's own platform.

    Args:
        engine: the engine that builds the images.
        name: the name of the image to push, in a registry.
        frontend: the name of the frontend's amd64 image.
    """
    with tempfile.TemporaryDirectory(dir=folder("tmp")) as scratch:
        command = [
            interpreters.uv(),
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--require-hashes",
            f"--target={scratch}/site",
        ]
        run([*command, "--python-platform=aarch64-unknown-linux-musl", "-r", ROOT / "requirements/uv.txt"])
        Path(scratch, "Dockerfile").write_text(
            f"FROM --platform=$BUILDPLATFORM {frontend} AS here\n"
            "FROM scratch AS arm64\nCOPY --from=here / /\nCOPY site/bin/uv /tools/uv\n"
            f"FROM {frontend} AS amd64\n"
        )
        parts = []
        for architecture in ("amd64", "arm64"):
            parts.append(f"{name}-{architecture}")
            options = [f"--platform=linux/{architecture}", f"--target={architecture}", f"--tag={parts[-1]}"]
            engine.run("buildx", "build", "--push", "--provenance=false", *options, scratch, timeout=300)
    engine.run("buildx", "imagetools", "create", f"--tag={name}", *parts)


def _push(
    engine: Engine,
    name: str,
    dockerfile: str,
    keep: Callable[[str], str | None],
    extra: dict[str, bytes] | None = None,
) -> None:
    """Push an arm64 image with some of the unpacked files. The arguments are those of `_context`."""
    with _context(dockerfile, keep, SERIES, extra) as context:
        options = [f"--platform={PLATFORM}", "--provenance=false", f"--tag={name}"]
        engine.run("buildx", "build", "--push", *options, context, timeout=300)


@contextlib.contextmanager
def _context(
    dockerfile: str, keep: Callable[[str], str | None], series: str, extra: dict[str, bytes] | None = None
) -> Iterator[str]:
    """Create a build context with a Dockerfile and unpacked files.

    Args:
        dockerfile: the text of the Dockerfile.
        keep: a function that returns the path of an unpacked file in the image, or None to leave it out.
        series: the version of Python that the unpacked packages include.
        extra: contents of further files, by path.
    """
    with tempfile.TemporaryDirectory(dir=folder("tmp")) as scratch:
        with tarfile.open(_unpacked(series)) as source, tarfile.open(Path(scratch, "files.tar"), "w") as target:
            for member in source:
                path = keep(member.name.removeprefix("./"))
                if path and not member.isdev():
                    content = source.extractfile(member) if member.isreg() else None
                    target.addfile(member.replace(name=path), content)
            for path, data in (extra or {}).items():
                member = tarfile.TarInfo(path)
                member.size, member.mode = len(data), 0o644
                target.addfile(member, io.BytesIO(data))
        Path(scratch, "Dockerfile").write_text(dockerfile)
        yield scratch


def _accounts() -> dict[str, bytes]:
    """Return the files of accounts, which the scripts of the packages would create, and this machine's certificates."""
    with tarfile.open(_unpacked(SERIES)) as source:
        files = {
            f"etc/{name}": _content(source, f"./usr/share/base-passwd/{name}.master") for name in ("passwd", "group")
        }
    return {**files, IN_IMAGE.lstrip("/"): CERTIFICATES.read_bytes()}


def _content(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    return file.read() if file else b""


def _unpacked(series: str) -> Path:
    """Return a tar of Debian's unpacked arm64 packages, which is created once per machine."""
    suite = _SUITES[series]
    system = folder("foreign") / f"arm64-{suite}.tar"
    with lock("foreign"):
        if not system.exists():
            debian.install("mmdebstrap")
            say(f"unpacking a Debian {suite} for arm64")
            unfinished = system.with_suffix(".unfinished.tar")
            command = ["mmdebstrap", "--architectures=arm64", "--variant=extract", "--mode=root", "--quiet"]
            command += ["--skip=check/qemu", f"--include={_PACKAGES},python{series}"]
            command += [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("man", "doc", "locale")]
            command += ["--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"]
            run([*command, suite, unfinished, debian.mirror()], timeout=600)
            unfinished.rename(system)
    return system
