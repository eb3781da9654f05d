"""Information from the files of an environment, including its PYENV line and its lock."""

import os
import shutil
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path

import pytest

from airflow_venv.environments.inventory import LOCK_LIMIT, describe, read_details, read_lock


@pytest.fixture
def home(tmp_path):
    """Create an environment like those of PYENV."""
    home = tmp_path / "report"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    return home


def report_of(home):
    return describe("report", str(home / "bin" / "python"))


def test_an_environment_without_records_has_neither_line_nor_lock(home):
    report = report_of(home)
    assert (report.facts.pyenv_line, report.facts.lock, report.problem) == ("", "", "")
    assert report.has_folder
    assert read_lock(report) is None


def test_the_pyenv_line_is_read_from_pyvenv_cfg(home):
    """The line may contain an equals sign."""
    with (home / "pyvenv.cfg").open("a") as file:
        file.write("pyenv = PYENV --installer=pip 3.8 report report.txt\n")
    assert report_of(home).facts.pyenv_line == "PYENV --installer=pip 3.8 report report.txt"


def test_the_lock_is_read_up_to_a_bound(home):
    (home / "pylock.report.toml").write_text('lock-version = "1.0"\n')
    lock = read_lock(report_of(home))
    assert (lock.file, lock.text, lock.truncated) == ("pylock.report.toml", 'lock-version = "1.0"\n', False)
    (home / "pylock.report.toml").write_bytes(b"#" * (LOCK_LIMIT + 1) + b"\xff")
    lock = read_lock(report_of(home))
    assert (len(lock.text), lock.truncated) == (LOCK_LIMIT, True)


def test_a_lock_that_leads_out_of_the_environment_is_not_read(home, tmp_path):
    """Otherwise, a link could be used to show any file of the server."""
    (tmp_path / "secret").write_text("password")
    (home / "pylock.toml").symlink_to(tmp_path / "secret")
    report = report_of(home)
    assert (report.facts.lock, report.facts.lock_is_known) == ("", False)
    (sentence,) = report.facts.unreadable
    assert sentence == f"'{home}/pylock.toml' is not shown: it is a link that leads out of the environment's folder."
    (home / "pylock.toml").unlink()
    (home / "pylock.toml").write_text("lock")
    report = report_of(home)
    (home / "pylock.toml").unlink()
    (home / "pylock.toml").symlink_to(tmp_path / "secret")
    assert read_lock(report) is None


def test_an_interpreter_outside_of_an_environment_has_no_folder_of_its_own(tmp_path):
    """The size of a folder like /usr would be meaningless."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    assert not describe("x", str(tmp_path / "bin" / "python")).has_folder


def huge(file):
    """Make a sparse file of 3 GB."""
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
def test_special_and_large_files_neither_raise_nor_block_nor_fill_the_memory(home, odd):
    """A single environment must not break the list, and reading a pipe would never end."""
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
    "".join(
        [report.facts.version_text, report.facts.pyenv_line, *report.facts.packages, *report.facts.packages.values()]
    ).encode()
    assert "" not in report.facts.packages
    assert read_details(report).requested <= set(report.facts.packages)
    assert read_lock(report) is None
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()


def test_requirements_that_cannot_be_compared_are_passed_over(home):
    """Versions and markers that do not follow the standards are ignored; other requirements are still checked."""
    site = next(home.glob("lib/python3*/site-packages"))
    lines = ["old>=1", "any", "y; python_version > 'a'", "z; nobody == '1'", "absent>=2"]
    for name in ("old-of.long.ago", "any-of.long.ago", "owner-1"):
        (site / f"{name}.dist-info").mkdir()
    (site / "owner-1.dist-info/METADATA").write_text("".join(f"Requires-Dist: {line}\n" for line in lines))
    assert read_details(report_of(home)).conflicts == (
        "owner 1 requires old>=1, but of.long.ago is installed.",
        "owner 1 requires absent>=2, which is not installed.",
    )


@pytest.mark.parametrize(
    ("python", "problem"),
    [
        ("", "is set but empty"),
        ("bin/python", "must be an absolute path"),
        ("{home}", "must be a file; it is a folder or a device"),
        ("/dev/null", "must be a file; it is a folder or a device"),
        ("{pipe}", "must be a file; it is a folder or a device"),
    ],
)
def test_the_folder_of_a_device_is_no_environment(home, monkeypatch, python, problem):
    """Neither the folder around `/dev/null` nor the working directory is taken for an environment."""
    os.mkfifo(home.parent / "pipe")
    monkeypatch.chdir(home)
    report = describe("x", python.format(home=home, pipe=home.parent / "pipe"))
    assert problem in report.problem
    assert (report.facts.version_text, report.facts.packages, report.facts.unreadable, report.has_folder) == (
        "",
        {},
        (),
        False,
    )


@pytest.fixture
def nobody():
    """Provide a function that changes to a user without any files; the change is undone afterwards."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    yield lambda: os.seteuid(65534)
    os.seteuid(0)


@pytest.fixture
def open_home():
    """Create an environment in a folder that every user can enter."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder, "report")
        site = home / "lib/python3.12/site-packages"
        (site / "alpha-1.0.dist-info").mkdir(parents=True)
        (site / "alpha-1.0.dist-info/METADATA").write_text("Name: alpha\n\n")
        (home / "bin").mkdir()
        (home / "bin/python").symlink_to("/usr/bin/env")
        (home / "pyvenv.cfg").write_text("version = 3.12.1\npyenv = PYENV 3.12 report\n")
        (home / "pylock.report.toml").write_text("lock")
        yield home


SITE_OF_312 = "lib/python3.12/site-packages"


@pytest.mark.parametrize(
    ("closed", "known"),
    [
        (SITE_OF_312, {"packages": {}, "packages_are_whole": False}),
        ("lib", {"packages": {}, "packages_are_whole": False}),
        ("pyvenv.cfg", {"packages": {"alpha": "1.0"}, "version": (3, 12), "pyenv_line": "", "lock_is_known": True}),
        (".", {"lock": "", "lock_is_known": False, "packages": {"alpha": "1.0"}}),
    ],
)
def test_unreadable_parts_are_reported_and_the_rest_is_listed(open_home, nobody, closed, known):
    """Such an environment is not described as having no packages."""
    (open_home / closed).chmod(0o711 if closed == "." else 0)
    nobody()
    report = report_of(open_home)
    (sentence,) = report.facts.unreadable
    assert sentence == (
        f"'{open_home / closed}' cannot be read by this process (user 65534): Permission denied. "
        f"Let others read it: chmod -R a+rX '{open_home / closed}'"
    )
    assert {name: getattr(report.facts, name) for name in known} == known


def test_an_unreadable_lock_or_metadata_is_reported(open_home, nobody):
    """Both exist, so they are not reported as missing."""
    (open_home / "pylock.report.toml").chmod(0)
    (open_home / SITE_OF_312 / "alpha-1.0.dist-info").chmod(0)
    nobody()
    report = report_of(open_home)
    assert "Permission denied" in read_lock(report).problem
    (sentence,) = read_details(report).unreadable
    assert sentence.startswith(f"alpha: '{open_home / SITE_OF_312 / 'alpha-1.0.dist-info'}' cannot be read by")
    assert report.facts.packages == {"alpha": "1.0"}


def replace(path, how):
    """Replace a file or folder."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    how(path)


@pytest.mark.parametrize(
    ("path", "how", "reason"),
    [
        (SITE_OF_312, lambda path: path.symlink_to("gone"), "it is a link to '{parent}/gone', which does not exist."),
        (SITE_OF_312, lambda path: path.symlink_to(path), "Too many levels of symbolic links."),
        (SITE_OF_312, Path.touch, "it is not a folder."),
        ("pyvenv.cfg", lambda path: path.symlink_to("gone"), "it is a link to '{parent}/gone', which does not exist."),
        ("pyvenv.cfg", Path.mkdir, "it is a folder, a pipe or a device, not a file."),
        ("pyvenv.cfg", os.mkfifo, "it is a folder, a pipe or a device, not a file."),
        ("pylock.report.toml", lambda path: path.symlink_to("gone"),
         "it is a link to '{parent}/gone', which does not exist."),
    ],
)  # fmt: skip
def test_what_is_no_file_or_folder_is_reported(open_home, path, how, reason):
    """The reason is given for broken links and files of another kind."""
    path = open_home / path
    replace(path, how)
    assert report_of(open_home).facts.unreadable == (f"'{path}' cannot be read: {reason.format(parent=path.parent)}",)


def test_a_missing_folder_of_packages_and_endless_settings_are_reported(open_home):
    shutil.rmtree(open_home / "lib")
    with (open_home / "pyvenv.cfg").open("a") as file:
        file.write("x" * 200_000)
    report = report_of(open_home)
    assert report.facts.unreadable == (
        f"'{open_home}/pyvenv.cfg' is longer than 100,000 bytes; the rest was not read.",
        f"There is no folder '{open_home / SITE_OF_312}'.",
    )
    assert report.facts.version_text == "3.12.1"
