"""What is said of an image of `--from` whose interpreter cannot be used."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from pyenv_image.source import other_release, problem

NATIVE = os.path.realpath(sys.executable)
PROGRAM = Path(NATIVE).read_bytes()
SERIES = f"{sys.version_info[0]}.{sys.version_info[1]}"
PLACE = f"/usr/local/bin/python{SERIES}"
LIBRARY = f"usr/local/lib/libpython{SERIES}.so.1.0"


@pytest.fixture
def image(tmp_path):
    """Return the root of an image with an interpreter, as far as it is looked at."""
    (tmp_path / f"usr/local/lib/python{SERIES}").mkdir(parents=True)
    (tmp_path / f"usr/local/lib/python{SERIES}/os.py").touch()
    (tmp_path / LIBRARY).write_bytes(b"code")
    (tmp_path / "usr/local/bin").mkdir()
    shutil.copy(NATIVE, tmp_path / PLACE[1:])
    return tmp_path


def about(image, libc=""):
    return problem(str(image), "mine, which --from names,", "/usr/local", SERIES, libc, NATIVE)


def test_nothing_is_said_of_an_image_that_can_be_used(image):
    """Neither where the C library of the stage is not known."""
    assert about(image) == about(image, "glibc 2.99") == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not a program: it is damaged"),
        (PROGRAM[:100], "is not a program: it is damaged"),
        (PROGRAM[:-64], "is not a program: it is damaged"),
        (b"#!/bin/sh\nexec /opt/pyenv/3.11/bin/python3.11", "is a script, and not an interpreter (it starts the one"),
        (b"#!/bin/sh\n", "is a script, and not an interpreter;"),
        (PROGRAM[:18] + b"\xff\xff" + PROGRAM[20:], "is for another processor"),
    ],
)
def test_a_file_that_is_no_interpreter(image, content, words):
    """It is told by its first bytes, and by whether it is as long as they say."""
    (image / PLACE[1:]).write_bytes(content)
    assert about(image).startswith(f"{PLACE} of mine, which --from names, {words}")


def test_an_interpreter_that_is_elsewhere(image):
    """The sentence says what the image has instead."""
    program = image / PLACE[1:]
    program.unlink()
    assert f"mine, which --from names, has no {PLACE}; name an image or a stage" in about(image)
    (image / "usr/bin").mkdir()
    (image / f"usr/bin/python{SERIES}").touch()
    assert f"has no {PLACE}; it has one in /usr/bin, which is not copied; name" in about(image)
    (image / "usr/local/bin/python3.7").touch()
    (image / "usr/local/bin/python3.7-config").touch()
    assert f"has no {PLACE} but python3.7; name" in about(image)
    program.symlink_to("/opt/conda/bin/python")
    assert "is a link to /opt/conda/bin/python, and the interpreter itself must be there" in about(image)
    program.unlink()
    program.mkdir()
    assert "is not a file" in about(image)


def test_an_interpreter_that_cannot_start(image):
    """Its rights, its standard library and its shared library are looked at."""
    (image / PLACE[1:]).chmod(0o644)
    assert "may not be executed; make it executable with chmod 755" in about(image)
    (image / PLACE[1:]).chmod(0o755)
    (image / f"usr/local/lib/python{SERIES}/os.py").unlink()
    assert f"has no standard library in /usr/local/lib/python{SERIES}" in about(image)
    (image / f"usr/local/lib/python{SERIES}/os.py").touch()
    (image / PLACE[1:]).write_bytes(PROGRAM + f"\0libpython{SERIES}.so.1.0\0".encode())
    (image / LIBRARY).unlink()
    assert f"needs /{LIBRARY}, which is missing" in about(image)


def test_an_interpreter_for_another_c_library(image):
    """The stage has musl, or an older glibc than the interpreter or its library name."""
    assert "was built for glibc, and the base image of this stage has musl; name" in about(image, "musl")
    (image / LIBRARY).write_bytes(b"\0GLIBC_2.97\0GLIBC_2.2.5\0GLIBC_ABI_DT_RELR\0")
    assert about(image, "glibc 2.97") == ""
    assert "was built for glibc 2.97 or newer, and the base image of this stage has" in about(image, "glibc 2.36")


def test_an_image_with_another_release(image):
    """The version that a PYENV asks for is not replaced by another one in silence."""
    header = image / f"usr/local/include/python{SERIES}/patchlevel.h"
    header.parent.mkdir(parents=True)
    header.write_text('/* the version */\n#define PY_VERSION      \t"3.11.7"\n')
    assert other_release(str(image), "mine, which --from names,", "/usr/local", SERIES, SERIES) == ""
    assert other_release(str(image), "mine, which --from names,", "/usr/local", "3.11.7", SERIES) == ""
    assert "mine, which --from names, has Python 3.11.7, and not 3.11.2" in other_release(
        str(image), "mine, which --from names,", "/usr/local", "3.11.2", SERIES
    )
