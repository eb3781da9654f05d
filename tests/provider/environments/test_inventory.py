"""What the files of an environment say, its PYENV line and its lock among it."""

import subprocess
import sys

import pytest

from airflow_venv.environments.inventory import LOCK_LIMIT, describe, read_lock


@pytest.fixture
def home(tmp_path):
    """Make an environment that a PYENV could have made."""
    home = tmp_path / "report"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    return home


def report_of(home):
    return describe("report", str(home / "bin" / "python"))


def test_an_environment_without_records_says_so(home):
    report = report_of(home)
    assert (report.pyenv_line, report.lock, report.problem) == ("", "", "")
    assert report.has_folder
    assert read_lock(report) is None


def test_the_pyenv_line_is_read_from_pyvenv_cfg(home):
    """An equals sign in the line is part of it."""
    with (home / "pyvenv.cfg").open("a") as file:
        file.write("pyenv = PYENV --installer=pip 3.8 report report.txt\n")
    assert report_of(home).pyenv_line == "PYENV --installer=pip 3.8 report report.txt"


def test_the_lock_is_read_up_to_a_bound(home):
    (home / "pylock.report.toml").write_text('lock-version = "1.0"\n')
    lock = read_lock(report_of(home))
    assert (lock.file, lock.text, lock.truncated) == ("pylock.report.toml", 'lock-version = "1.0"\n', False)
    (home / "pylock.report.toml").write_bytes(b"#" * (LOCK_LIMIT + 1) + b"\xff")
    lock = read_lock(report_of(home))
    assert (len(lock.text), lock.truncated) == (LOCK_LIMIT, True)


def test_a_lock_that_leads_out_of_the_environment_is_not_read(home, tmp_path):
    """Otherwise a link would show any file of the server."""
    (tmp_path / "secret").write_text("password")
    (home / "pylock.toml").symlink_to(tmp_path / "secret")
    assert report_of(home).lock == ""
    (home / "pylock.toml").unlink()
    (home / "pylock.toml").mkdir()
    assert report_of(home).lock == ""


def test_an_interpreter_outside_of_an_environment_has_no_folder_of_its_own(tmp_path):
    """The size of /usr would say nothing."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    assert not describe("x", str(tmp_path / "bin" / "python")).has_folder
