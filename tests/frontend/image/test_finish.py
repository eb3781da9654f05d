"""What is joined onto a stage beside a grafted interpreter."""

import os
import sys

import pytest

from pyenv_image import finish as step
from pyenv_image import selfcheck
from pyenv_image.failure import StepError
from pyenv_image.step_options import FinishOptions
from pyenv_image.times import FIXED_TIME


@pytest.fixture
def finish(tmp_path, monkeypatch):
    """Run the step on this machine; return the folder with the skeleton."""
    interpreter = tmp_path / "interpreter"
    (interpreter / "bin").mkdir(parents=True)
    (interpreter / "bin/python3.8").touch(mode=0o755)
    os.utime(interpreter / "bin/python3.8", (FIXED_TIME, FIXED_TIME))

    def run(prefix, link="", search=""):
        monkeypatch.setattr(os, "chown", lambda *_, **__: None)
        monkeypatch.setenv("PATH", str(search))
        monkeypatch.setattr(sys, "prefix", str(interpreter))
        skeleton = tmp_path / "skeleton"
        skeleton.mkdir()
        options = FinishOptions(
            prefix=str(prefix),
            python="/opt/py/bin/python3.8",
            skeleton=str(skeleton),
            link=str(link),
        )
        step.run(options)
        return skeleton

    return run


def below(root, path):
    """Return the place of a path in a skeleton."""
    return root / str(path).lstrip("/")


def test_the_link_is_beside_the_folders_above(finish, tmp_path):
    """The folder that gets the link keeps its time, and the stage itself gets no link."""
    place = tmp_path / "bin/python3.8"
    place.parent.mkdir()
    os.utime(place.parent, (1000000000, 1000000000))
    skeleton = finish(tmp_path / "opt/py", place)
    link = below(skeleton, place)
    assert link.read_text() == '#!/bin/sh\nexec /opt/py/bin/python3.8 "$@"\n'
    assert link.stat().st_mode & 0o777 == 0o755
    assert (link.lstat().st_mtime, link.parent.stat().st_mtime) == (FIXED_TIME, 1000000000)
    assert below(skeleton, tmp_path / "opt").is_dir()
    assert not below(skeleton, tmp_path / "opt/py").exists()
    assert not place.exists()


def test_no_link_where_the_stage_has_a_program_of_that_name(finish, tmp_path):
    """Then the folder of the link is not touched either."""
    own = tmp_path / "usr/bin/python3.8"
    own.parent.mkdir(parents=True)
    own.touch(mode=0o755)
    skeleton = finish(tmp_path / "opt/py", tmp_path / "bin/python3.8", search=own.parent)
    assert not below(skeleton, tmp_path / "bin").exists()


def test_a_folder_behind_a_link(finish, tmp_path):
    """The link is at its real place, and the interpreter behind it, in a folder that keeps its time."""
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "bin").symlink_to("usr/bin")
    (tmp_path / "data").mkdir()
    (tmp_path / "opt").symlink_to("data")
    os.utime(tmp_path / "data", (1000000000, 1000000000))
    skeleton = finish(tmp_path / "opt/py", tmp_path / "bin/python3.8")
    assert below(skeleton, tmp_path / "usr/bin/python3.8").is_file()
    assert str(below(skeleton, tmp_path / "opt").readlink()) == "data"
    python = below(skeleton, tmp_path / "data/py/bin/python3.8")
    assert (python.stat().st_mode & 0o777, python.stat().st_mtime) == (0o755, FIXED_TIME)
    assert below(skeleton, tmp_path / "data").stat().st_mtime == 1000000000


def test_an_interpreter_that_does_not_work_here(finish, tmp_path, monkeypatch):
    """The failed check ends the step."""

    def fails():
        raise StepError("it lacks libssl.so.3")

    monkeypatch.setattr(selfcheck, "run", fails)
    with pytest.raises(StepError, match="libssl"):
        finish(tmp_path / "opt/py")


def test_a_file_in_the_place_of_a_folder(finish, tmp_path):
    """The error names the file."""
    (tmp_path / "opt").touch()
    with pytest.raises(StepError, match=r"opt is not a folder"):
        finish(tmp_path / "opt/py")
