"""Builds with locks: the image has the versions that `pyenv-frontend lock` has written."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import services
from tools import interpreters

PY311 = "python:3.11-slim-bookworm"
PY38 = "python:3.8-slim-bookworm"
PROGRAM = Path(sys.executable).with_name("pyenv-frontend")
WHEELS = {
    services.wheel_file(name, version): services.wheel(name, version, requires=requires)
    for name, version, requires in [
        ("alpha", "1.0", ()),
        ("alpha", "1.1", ()),
        ("beta", "2.0", ("alpha",)),
    ]
}
DOCKERFILE = f"FROM {PY311}\nPYENV 3.8 x r.txt\n"
INDEX = "ENV UV_DEFAULT_INDEX={index} PIP_INDEX_URL={index}\n"

pytestmark = pytest.mark.images(PY311, PY38)


@pytest.fixture
def old_index() -> Iterator[str]:
    """Serve the packages that exist when the lock is made."""
    with services.package_index({name: wheel for name, wheel in WHEELS.items() if "1.1" not in name}) as address:
        yield address


@pytest.fixture
def new_index() -> Iterator[str]:
    """Serve the packages that exist when the image is built."""
    with services.package_index(WHEELS) as address:
        yield address


def lock_of(folder: Path, index: str, requirements: str = "beta\n", dockerfile: str = DOCKERFILE) -> str:
    """Lock the environment of a Dockerfile and return the lock."""
    (folder / "Dockerfile").write_text(dockerfile)
    (folder / "r.txt").write_text(requirements)
    environ = {**os.environ, "UV_DEFAULT_INDEX": index, "PIP_INDEX_URL": index}
    environ["PATH"] = f"{interpreters.uv().parent}:{environ['PATH']}"
    subprocess.run([PROGRAM, "lock", "--base-suite=bookworm"], cwd=folder, env=environ, check=True, capture_output=True)
    return (folder / "pylock.x.toml").read_text()


def versions(image) -> str:
    """Return the versions of the installed packages."""
    return image.sh("cd /opt/venv/x/lib/python3.8/site-packages && ls -d *.dist-info")


def dockerfile(index: str, pyenv: str = "PYENV 3.8 x r.txt") -> str:
    """Return a Dockerfile whose base has its own index."""
    return f"FROM {PY311}\n{INDEX.format(index=index)}{pyenv}\n"


def test_a_build_takes_the_versions_of_the_lock(build_image, tmp_path, old_index, new_index):
    """A newer release does not change the result, and the lock is next to pyvenv.cfg."""
    lock = lock_of(tmp_path, old_index)
    image = build_image(dockerfile(new_index), {"r.txt": "beta\n", "pylock.x.toml": lock})
    assert versions(image) == "alpha-1.0.dist-info\nbeta-2.0.dist-info\n"
    assert image.sh("cat /opt/venv/x/pylock.toml") == lock
    assert image.sh("stat -c %U /opt/venv/x/pylock.toml") == "root\n"


@pytest.mark.usefixtures("linting")
def test_a_stale_lock_is_a_warning_at_its_pyenv_and_not_used(build_image, tmp_path, old_index, new_index):
    """The requirements are installed without the lock, and the warning shows the command that updates it."""
    lock = lock_of(tmp_path, old_index)
    image = build_image(dockerfile(new_index), {"r.txt": "beta\nalpha>1\n", "pylock.x.toml": lock})
    assert versions(image) == "alpha-1.1.dist-info\nbeta-2.0.dist-info\n"
    assert "PyenvStaleLock" in image.log
    assert "run pyenv-frontend lock x" in image.log
    assert image.sh("test ! -e /opt/venv/x/pylock.toml && echo none") == "none\n"


def test_a_lock_that_is_required_has_to_be_there_and_to_fit(buildx, tmp_path, old_index):
    """A missing and an outdated lock are errors at the option, before anything is installed."""
    text = dockerfile(old_index, "PYENV --lock=require 3.8 x r.txt")
    log = buildx.fails(text, {"r.txt": "beta\n"}).log
    assert "the lock pylock.x.toml is not in the build context" in log
    assert ">>> PYENV --lock=require 3.8 x r.txt" in log
    lock = lock_of(tmp_path, old_index)
    log = buildx.fails(text, {"r.txt": "alpha\n", "pylock.x.toml": lock}).log
    assert "the lock pylock.x.toml does not fit: r.txt changed" in log
    assert "Creating virtual environment" not in log
    log = buildx.fails(text, {"r.txt": "beta\n", "pylock.x.toml": lock, ".dockerignore": "pylock.*\n"}).log
    assert "is left out by .dockerignore" in log


def test_a_distribution_that_is_not_the_locked_one_is_refused(buildx, tmp_path, old_index):
    """A file whose hash does not match the lock is an error of the build."""
    lock = lock_of(tmp_path, old_index, "alpha\n")
    start = lock.index("sha256 = ") + len('sha256 = "')
    forged = lock[:start] + "0" * 64 + lock[start + 64 :]
    log = buildx.fails(dockerfile(old_index), {"r.txt": "alpha\n", "pylock.x.toml": forged}).log
    assert "ash mismatch" in log


def test_an_edit_that_changes_no_input_of_the_lock_installs_nothing(buildx, tmp_path, old_index):
    """The step depends on the lock, not on the requirements from which it was made."""
    files = {"r.txt": "beta\n", "pylock.x.toml": lock_of(tmp_path, old_index)}
    text = dockerfile(old_index)
    buildx(text, files)
    again = buildx(text, {**files, "other.txt": "x"})
    assert "Creating virtual environment" not in again.log
