"""What the files of an environment say, its PYENV line and its lock among it."""

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

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


def huge(file):
    """Make a file of 3 GB that takes no space."""
    file.write_bytes(b"Requires-Dist: a\n")
    os.truncate(file, 3 << 30)


SITE = Path("lib/python3*/site-packages")
JUNK = bytes(range(256)) * 500
ODD_FILES = {
    "settings of no text": ("pyvenv.cfg", JUNK),
    "settings that are a folder": ("pyvenv.cfg", None),
    "settings that are a pipe": ("pyvenv.cfg", os.mkfifo),
    "settings without end": ("pyvenv.cfg", lambda file: file.symlink_to("/dev/zero")),
    "settings that link to themselves": ("pyvenv.cfg", lambda file: file.symlink_to(file)),
    "a version of 6,000 digits": ("pyvenv.cfg", b"version = " + b"9" * 6000 + b".1"),
    "a version that is a pattern": ("pyvenv.cfg", b"version = **.**"),
    "a home that no path can be": ("pyvenv.cfg", b"version = 3.12\ninclude-system-site-packages = true\nhome = /\0/b"),
    "a lock that links to itself": ("pylock.toml", lambda file: file.symlink_to(file)),
    "packages that link to themselves": (SITE / "a-1.dist-info", lambda file: file.symlink_to(file)),
    "metadata of no text": (SITE / "a-1.dist-info/METADATA", b"Requires-Dist: " + JUNK),
    "metadata that is a folder": (SITE / "a-1.dist-info/METADATA", None),
    "metadata that is a pipe": (SITE / "a-1.dist-info/METADATA", os.mkfifo),
    "metadata of 3 GB": (SITE / "a-1.dist-info/METADATA", huge),
    "a name of no text": (SITE / os.fsdecode(b"\xe9-1.dist-info"), None),
    "a package without a name": (SITE / "-1.dist-info", None),
}


@pytest.mark.parametrize("odd", ODD_FILES)
def test_odd_files_neither_raise_nor_block_nor_fill_the_memory(home, odd):
    """One environment must not take the list of all away; a pipe would wait for ever."""
    at, content = ODD_FILES[odd]
    file = home / str(at).replace(str(SITE), str(next(home.glob(str(SITE))).relative_to(home)))
    file.unlink(missing_ok=True)
    file.parent.mkdir(exist_ok=True)
    if content is None:
        file.mkdir()
    elif callable(content):
        content(file)
    else:
        file.write_bytes(content)
    tracemalloc.start()
    report = report_of(home)
    assert report.problem == ""
    "".join([report.version, report.pyenv_line, *report.packages, *report.packages.values()]).encode()
    assert "" not in report.packages
    assert report.requested() <= set(report.packages)
    report.conflicts()
    assert read_lock(report) is None
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()


def test_requirements_that_cannot_be_compared_are_passed_over(home):
    """Versions and markers of before the standards, beside a requirement that is not met."""
    site = next(home.glob("lib/python3*/site-packages"))
    lines = ["old>=1", "any", "y; python_version > 'a'", "z; nobody == '1'", "absent>=2"]
    for name in ("old-of.long.ago", "any-of.long.ago", "owner-1"):
        (site / f"{name}.dist-info").mkdir()
    (site / "owner-1.dist-info/METADATA").write_text("".join(f"Requires-Dist: {line}\n" for line in lines))
    assert report_of(home).conflicts() == (
        "owner 1 requires old>=1, but of.long.ago is installed.",
        "owner 1 requires absent>=2, which is not installed.",
    )
