"""What is said of a stage of `--builder` in which an environment cannot be made."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from pyenv_image.builder import problem
from pyenv_image.source import glibc_of

NATIVE = os.path.realpath(sys.executable)
PROGRAM = Path(NATIVE).read_bytes()
LOADER = "/lib64/ld-linux-x86-64.so.2"
ELF = PROGRAM[:64] + f"\0{LOADER}\0GLIBC_2.30\0".encode()
PYTHON = "/usr/local/bin/python3.12"
REMEDY = "; begin it with the base image of this stage, FROM mine:1 AS s"


@pytest.fixture
def stage(tmp_path):
    """Return the root of a stage with an interpreter and a C library, as far as they are looked at."""
    (tmp_path / "usr/local/bin").mkdir(parents=True)
    (tmp_path / "usr/lib/x86").mkdir(parents=True)
    (tmp_path / "usr/lib64").mkdir()
    (tmp_path / "lib64").symlink_to("/usr/lib64")
    (tmp_path / "usr/lib64/ld-linux-x86-64.so.2").symlink_to("../../usr/./lib/x86/loader")
    (tmp_path / "usr/lib/x86/loader").touch()
    (tmp_path / "usr/lib/x86/libc.so.6").write_bytes(b"\0GLIBC_2.30\0GLIBC_PRIVATE\0")
    (tmp_path / PYTHON[1:]).write_bytes(ELF)
    return tmp_path


def about(stage, program=""):
    return problem(str(stage), "s", "mine:1", PYTHON, "python:3.12" if program else "", program, NATIVE)


def test_nothing_is_said_of_a_stage_that_can_be_used(stage):
    """Links lead to where they lead in the stage; a script that starts an interpreter may work."""
    assert about(stage) == about(stage, str(stage / PYTHON[1:])) == ""
    (stage / PYTHON[1:]).write_bytes(b"#!/bin/sh")
    assert about(stage) == ""


def test_a_stage_without_the_interpreter(stage):
    """A link that leads nowhere in the stage is none, and neither is one in a circle."""
    sentence = f"the stage s, which --builder names, has no {PYTHON}, which is the Python of mine:1{REMEDY}"
    (stage / PYTHON[1:]).unlink()
    assert about(stage) == sentence
    for target in (NATIVE, PYTHON):
        (stage / PYTHON[1:]).symlink_to(target)
        assert about(stage) == sentence
        (stage / PYTHON[1:]).unlink()


def test_a_stage_that_cannot_run_the_interpreter(stage):
    """Its C library is of another kind, or older than the interpreter needs."""
    copied = stage / "copied"
    copied.write_bytes(ELF + b"GLIBC_2.31\0")
    cannot = "the stage s, which --builder names, cannot run the"
    assert about(stage, str(copied)) == (
        f"{cannot} Python of python:3.12: that needs glibc 2.31, and it has 2.30{REMEDY}"
    )
    shutil.rmtree(stage / "usr/lib/x86")
    assert about(stage) == f"{cannot} own {PYTHON}: it has no glibc ({LOADER}){REMEDY}"
    (stage / PYTHON[1:]).write_bytes(ELF.replace(LOADER.encode(), b"/lib/ld-musl-x86_64.so.1"))
    assert about(stage) == f"{cannot} own {PYTHON}: it has no musl (/lib/ld-musl-x86_64.so.1){REMEDY}"
    (stage / PYTHON[1:]).write_bytes(ELF[:18] + b"\xff\xff" + ELF[20:])
    assert "is for another processor" in about(stage)


def test_a_c_library_names_all_its_versions():
    """So what a stage has is known from its library alone, as it is from a program what that needs."""
    maps = Path("/proc/self/maps").read_text("utf-8")
    library = next(line.split()[-1] for line in maps.splitlines() if line.endswith("/libc.so.6"))
    version = os.confstr("CS_GNU_LIBC_VERSION").split()[1]
    assert glibc_of(Path(library).read_bytes()) == tuple(map(int, version.split(".")))
