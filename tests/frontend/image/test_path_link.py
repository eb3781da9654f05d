"""The program by which PATH finds a grafted interpreter."""

import subprocess
import sys
from pathlib import Path

from pyenv_image import path_link

PYTHON = Path("/opt/pyenv/3.8/bin/python3.8")


def test_a_program_is_made_where_path_finds_it(tmp_path, monkeypatch):
    """It starts the interpreter as if by its own path, with the same arguments."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    path_link.make(tmp_path / "bin/python3.8", Path(sys.executable))
    command = [tmp_path / "bin/python3.8", "-c", "import sys; print(sys.executable, sys.argv[1:])", "a b", "$c"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{sys.executable} ['a b', '$c']\n"


def test_without_a_shell_it_is_a_link(tmp_path, monkeypatch):
    """A script could not be started there."""
    monkeypatch.setattr(path_link, "SHELL", tmp_path / "sh")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    path_link.make(tmp_path / "bin/python3.8", PYTHON)
    assert (tmp_path / "bin/python3.8").readlink() == PYTHON


def test_what_the_stage_finds_on_its_path_keeps_its_meaning(tmp_path, monkeypatch):
    """If the stage has a `pythonX.Y` from its package manager, no link takes precedence over it."""
    own = tmp_path / "usr/bin/python3.8"
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/local/bin:{tmp_path}/usr/bin")
    path_link.make(tmp_path / "local/bin/python3.8", PYTHON)
    assert not (tmp_path / "local/bin/python3.8").exists()


def test_existing_files_are_kept(tmp_path):
    """Existing files are kept, including a broken link."""
    there = tmp_path / "python3.8"
    there.symlink_to("/somewhere/else")
    path_link.make(there, PYTHON)
    assert there.readlink() == Path("/somewhere/else")
