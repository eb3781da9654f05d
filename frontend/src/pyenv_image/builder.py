"""Check the stage of `--builder` before an environment is made in it: what is wrong with it is said in a sentence.

The engine would report an interpreter that is not there, or cannot be started, by the path of a mount. This runs in the
frontend's own image, as `source` does.
"""

import os
import sys

from pyenv_image.source import content_of, glibc_of, kind_of, machine_of

__all__ = ["main", "problem"]

_LINKS = 40
"""How many links the kernel follows in a path."""


def main(root: str, name: str, base: str, python: str, image: str, program: str) -> None:  # noqa: PLR0913, PLR0917
    """Check a stage; a failure is one sentence on stderr and exit code 1.

    Args:
        root: where the stage is mounted.
        name: the stage, as `--builder` names it.
        base: the image that the stage of the PYENV begins with.
        python: the interpreter's path in both stages.
        image: the image that it is copied from; empty: it is the base's own.
        program: the interpreter, if it is copied.
    """
    sentence = problem(root, name, base, python, image, program, os.path.realpath("/python"))
    if sentence:
        sys.exit(f"error: {sentence}")


def problem(root: str, name: str, base: str, python: str, image: str, program: str, native: str) -> str:  # noqa: PLR0913, PLR0917
    """Return what is wrong with a stage, as a sentence; empty: nothing is known to be.

    Args:
        root: see `main`.
        name: see `main`.
        base: see `main`.
        python: see `main`.
        image: see `main`.
        program: see `main`.
        native: a program of the processor that the stage must be for.
    """
    subject = f"the stage {name}, which --builder names,"
    remedy = f"begin it with the base image of this stage, FROM {base} AS {name}"
    file = program or root + resolved(root, python)
    if not os.path.isfile(file):
        return f"{subject} has no {python}, which is the Python of {base}; {remedy}"
    code = content_of(file)
    if not code.startswith(b"\x7fELF"):
        return ""  # a script that starts it, which may work
    what = f"Python of {image}" if image else f"own {python}"
    if machine_of(file) != machine_of(native):
        return f"{subject} is for another processor; {remedy}"
    loader = _loader(code)
    path = root + resolved(root, loader) if loader else ""
    subject = f"{subject} cannot run the {what}"
    if loader and not os.path.isfile(path):
        return f"{subject}: it has no {kind_of(code)} ({loader}); {remedy}"
    library = f"{os.path.dirname(path)}/libc.so.6"
    if kind_of(code) == "glibc" and os.path.isfile(library):
        needed, present = glibc_of(code), glibc_of(content_of(library))
        if needed > present:
            versions = [".".join(str(number) for number in version) for version in (needed, present)]
            return f"{subject}: that needs glibc {versions[0]}, and it has {versions[1]}; {remedy}"
    return ""


def resolved(root: str, path: str) -> str:
    """Return where a path of a root leads, with links as they are meant there."""
    done, rest, links = "", path.split("/"), 0
    while rest:
        name = rest.pop(0)
        if name == "..":
            done = done.rpartition("/")[0]
        elif name not in {"", "."}:
            place = f"{done}/{name}"
            if os.path.islink(root + place) and links < _LINKS:
                target = os.readlink(root + place)
                links += 1
                done = "" if target.startswith("/") else done
                rest = target.split("/") + rest
            else:
                done = place
    return done


def _loader(code: bytes) -> str:
    """Return the path of the loader that a program names; empty for one that needs none."""
    for name in (b"/ld-linux", b"/ld-musl-", b"/ld64.so"):
        place = code.find(name)
        if place >= 0:
            start = code.rfind(b"\0", 0, place) + 1
            return code[start : code.find(b"\0", place)].decode("ascii", "replace")
    return ""
