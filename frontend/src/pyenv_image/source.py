"""Check an image or a stage that the user names before its interpreter is started: what is wrong is one sentence.

It is that of `--from`, one that `--build-context` puts in place of an official image, or one of a mirror.

The engine would report an interpreter that cannot be started by an exit code and the path of a mount. This runs in the
frontend's own image, since the stage may have no other program, and imports nothing that is not there.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

__all__ = ["content_of", "glibc_of", "kind_of", "machine_of", "main", "other_release", "problem"]

_GRAFTS = "opt/pyenv"
_HEAD = 20
_SECTIONS = 64
"""Number of bytes of the header of a program (elf(5))."""

_DIGITS = "0123456789"


def main(root: str, name: str, named_by: str, source: str, version: str, series: str, libc: str) -> None:  # noqa: PLR0913, PLR0917
    """Check an image; a failure is one sentence on stderr and exit code 1.

    Args:
        root: where the image is mounted.
        name: the image or stage.
        named_by: what names it, such as `--from`.
        source: the folder that should have the interpreter, such as `/usr/local`.
        version: the version that the PYENV asks for: `3.11`, or a release.
        series: `3.11`.
        libc: the C library of the stage that the interpreter is for, such as `glibc 2.36`; empty if it is not known.
    """
    image = f"{name}, which {named_by} names,"
    # What stands for an official image may be for the processor of a base that is not of the build's platform.
    native = f"{root}{source}/bin/python{series}" if named_by == "--build-context" else os.path.realpath("/python")
    sentence = problem(root, image, source, series, libc, native)
    sentence = sentence or other_release(root, image, source, version, series)
    if sentence:
        sys.exit(f"error: {sentence}")


def problem(root: str, image: str, source: str, series: str, libc: str, native: str) -> str:  # noqa: PLR0913, PLR0917
    """Return what is wrong with the interpreter of an image, as a sentence; empty: nothing is known to be.

    Args:
        root: see `main`.
        image: the beginning of a sentence about it.
        source: see `main`.
        series: see `main`.
        libc: see `main`.
        native: a program of the processor that the interpreter must be for.
    """
    place = f"{source}/bin/python{series}"
    file = root + place
    subject = f"{place} of {image}"
    remedy = f"name an image or a stage that has Python {series} in /usr/local, as python:{series}-slim-bookworm has it"
    sentence = ""
    if not os.path.lexists(file):
        return f"{image} has no {place}{_others(root, source, series)}; {remedy}"
    if os.path.islink(file):
        sentence = f"{subject} is a link to {os.readlink(file)}, and the interpreter itself must be there; {remedy}"
    elif not os.path.isfile(file):
        sentence = f"{subject} is not a file; {remedy}"
    return sentence or _no_program(file, subject, remedy, native) or _unfit(root, subject, source, series, libc)


def _no_program(file: str, subject: str, remedy: str, native: str) -> str:
    """Say why a file is no program that can be started."""
    with open(file, "rb") as program:
        head = program.read(256)
    if head.startswith(b"#!"):
        graft = f" (it starts the one in /{_GRAFTS}, which a PYENV has made)" if _GRAFTS.encode() in head else ""
        return f"{subject} is a script, and not an interpreter{graft}; {remedy}, or begin the stage with it (FROM)"
    if not head.startswith(b"\x7fELF") or len(head) < _SECTIONS or _end(head) > os.path.getsize(file):
        return f"{subject} is not a program: it is damaged, or for another system; {remedy}"
    if head[18:_HEAD] != machine_of(native):
        return f"{subject} is for another processor; name an image that is for the platform of this stage"
    if not os.stat(file).st_mode & 0o111:
        return f"{subject} may not be executed; make it executable with chmod 755, or name another image"
    return ""


def other_release(root: str, image: str, source: str, version: str, series: str) -> str:
    """Return that an image has another release than the PYENV asks for, as far as that is known; see `problem`."""
    header = f"{root}{source}/include/python{series}/patchlevel.h"
    if version == series or not os.path.isfile(header):
        return ""
    lines = [line.split() for line in content_of(header).decode("ascii", "replace").splitlines()]
    release = next((words[2].strip('"') for words in lines if words[:2] == ["#define", "PY_VERSION"] and words[2:]), "")
    if release.rstrip("+") in {"", version}:
        return ""
    return f"{image} has Python {release}, and not {version}; write {series}, or name another image"


def _end(head: bytes) -> int:
    """Return how long a program must be by its header, as far as that says it."""
    if head[4] != 2:  # of 32 bits
        return 0
    order: Literal["little", "big"] = "big" if head[5] == 2 else "little"
    return int.from_bytes(head[40:48], order) + int.from_bytes(head[58:60], order) * int.from_bytes(head[60:62], order)


def _others(root: str, source: str, series: str) -> str:
    """Say which interpreters an image has instead."""
    versions = [name for name in _names(f"{root}{source}/bin") if _is_python(name)]
    if versions:
        return f" but {', '.join(versions)}"
    folders = ["/usr/bin", *(f"/{_GRAFTS}/{name}/bin" for name in _names(f"{root}/{_GRAFTS}"))]
    places = [folder for folder in folders if os.path.lexists(f"{root}{folder}/python{series}")]
    return f"; it has one in {places[0]}, which is not copied" if places else ""


def _is_python(name: str) -> bool:
    """Return whether a name is `python3.12`, and not `python3.12-config`."""
    return name.startswith("python3.") and not name[len("python3.") :].strip(_DIGITS)


def _names(folder: str) -> "list[str]":
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def machine_of(program: str) -> bytes:
    """Return the processor that a program is for, as its header has it."""
    with open(program, "rb") as file:
        return file.read(_HEAD)[18:]


def _unfit(root: str, subject: str, source: str, series: str, libc: str) -> str:
    """Say why an interpreter does not run: it is incomplete, or was built for another C library."""
    library, shared = f"{source}/lib/python{series}", f"{source}/lib/libpython{series}.so.1.0"
    if not os.path.isfile(f"{root}{library}/os.py"):
        return f"{subject} has no standard library in {library}; name an image with a complete Python"
    program = content_of(f"{root}{source}/bin/python{series}")
    code = content_of(root + shared) if os.path.isfile(root + shared) else b""
    if shared.rpartition("/")[2].encode() in program and not code:
        return f"{subject} needs {shared}, which is missing; name an image with a complete Python"
    kind = kind_of(program)
    of_stage, _, version = libc.partition(" ")
    if kind and of_stage and kind != of_stage:
        return f"{subject} was built for {kind}, and the base image of this stage has {libc}; name one with {of_stage}"
    needed = max(glibc_of(program), glibc_of(code))
    if kind == "glibc" and version and needed > tuple(int(number) for number in version.split(".")):
        newer = ".".join(str(number) for number in needed)
        return (
            f"{subject} was built for glibc {newer} or newer, and the base image of this stage has {libc}; name an "
            f"image of the base's own release: --from=python:{series}-slim-<release>"
        )
    return ""


def kind_of(program: bytes) -> str:
    """Return the kind of C library that a program was built for; empty if it names none."""
    return "musl" if b"/ld-musl-" in program else "glibc" if b"/ld-linux" in program or b"/ld64.so" in program else ""


def glibc_of(program: bytes) -> "tuple[int, ...]":
    """Return the newest version of glibc that a program names."""
    newest: tuple[int, ...] = (0, 0)
    for piece in program.split(b"GLIBC_")[1:]:
        text = piece[:12].split(b"\0")[0].decode("ascii", "replace")
        numbers = text.split(".")
        if len(numbers) >= 2 and all(number and not number.strip(_DIGITS) for number in numbers):
            newest = max(newest, tuple(int(number) for number in numbers[:2]))
    return newest


def content_of(path: str) -> bytes:
    """Return the content of a file."""
    with open(path, "rb") as file:
        return file.read()
