"""Builds with locks: the image has the versions that `pyenv-frontend lock` has written."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import services
from tests.support.locks import sealed
from tools import interpreters

PY311 = "python:3.11-slim-bookworm"
PY38 = "python:3.8-slim-bookworm"
PROGRAM = Path(sys.executable).with_name("pyenv-frontend")
WHEELS = services.wheels(("alpha", "1.0"), ("alpha", "1.1"), ("beta", "2.0", "alpha"))
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


def lock_of(
    folder: Path,
    index: str,
    requirements: str = "beta\n",
    dockerfile: str = DOCKERFILE,
    base: str = "--base-suite=bookworm",
) -> str:
    """Lock the environment of a Dockerfile and return the lock."""
    (folder / "Dockerfile").write_text(dockerfile)
    (folder / "r.txt").write_text(requirements)
    environ = {**os.environ, "UV_DEFAULT_INDEX": index, "PIP_INDEX_URL": index}
    environ["PATH"] = f"{interpreters.uv().parent}:{environ['PATH']}"
    subprocess.run([PROGRAM, "lock", base], cwd=folder, env=environ, check=True, capture_output=True)
    return (folder / "pylock.x.toml").read_text()


def versions(image) -> str:
    """Return the versions of the installed packages."""
    return image.sh("cd /opt/venv/x/lib/python3.8/site-packages && ls -d *.dist-info")


def dockerfile(index: str, pyenv: str = "PYENV 3.8 x r.txt") -> str:
    """Return a Dockerfile whose base has its own index."""
    return f"FROM {PY311}\n{INDEX.format(index=index)}{pyenv}\n"


@pytest.mark.parametrize("option", ["", "--installer=pip "])
def test_a_build_takes_the_versions_of_the_lock(build_image, tmp_path, old_index, new_index, option):
    """A newer release does not change the result, and the lock is next to pyvenv.cfg; an old pip leaves it to uv."""
    pyenv = f"PYENV {option}3.8 x r.txt"
    lock = lock_of(tmp_path, old_index, dockerfile=f"FROM {PY311}\n{pyenv}\n")
    image = build_image(dockerfile(new_index, pyenv), {"r.txt": "beta\n", "pylock.x.toml": lock})
    assert versions(image).startswith("alpha-1.0.dist-info\nbeta-2.0.dist-info\n")
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


@pytest.mark.usefixtures("linting")
def test_a_lock_whose_packages_were_edited_is_a_warning_and_not_used(build_image, tmp_path, old_index):
    """It may lack what another package needs; what it was made from is installed."""
    lock = lock_of(tmp_path, old_index)
    start = lock.index("[[packages]]")
    edited = lock[:start] + lock[lock.index("[[packages]]", start + 1) :]
    image = build_image(dockerfile(old_index), {"r.txt": "beta\n", "pylock.x.toml": edited})
    assert versions(image).split() == ["alpha-1.0.dist-info", "beta-2.0.dist-info"]
    assert "PyenvStaleLock: pylock.x.toml (it was edited) does not fit and is not used" in image.log


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
    forged = sealed(lock[:start] + "0" * 64 + lock[start + 64 :])
    log = buildx.fails(dockerfile(old_index), {"r.txt": "alpha\n", "pylock.x.toml": forged}).log
    assert "ash mismatch" in log
    assert "If what pylock.x.toml was made from has changed, write it again: pyenv-frontend lock x" in log


def test_an_edit_that_changes_no_input_of_the_lock_installs_nothing(buildx, tmp_path, old_index):
    """The step depends on the lock, not on the requirements from which it was made."""
    files = {"r.txt": "beta\n", "pylock.x.toml": lock_of(tmp_path, old_index)}
    text = dockerfile(old_index)
    buildx(text, files)
    again = buildx(text, {**files, "other.txt": "x"})
    assert "Creating virtual environment" not in again.log


@pytest.mark.parametrize(
    ("base", "locked_line", "reason"),
    [
        ("--base-libc=musl", "PYENV 3.8 x r.txt", "it is for musl, and the base image has glibc 2.36"),
        ("--base-libc=2.39", "PYENV 3.8 x r.txt", "it is for glibc 2.39, and the base image has glibc 2.36"),
        ("--base-suite=bookworm", "PYENV 3.9 x r.txt", "Python 3.9 became 3.8"),
    ],
)
def test_a_lock_for_something_else_is_an_error_if_it_is_required(  # noqa: PLR0913, PLR0917 - fixtures
    buildx, tmp_path, old_index, base, locked_line, reason
):
    """One sentence at the option says what it is for, and nothing is installed."""
    lock = lock_of(tmp_path, old_index, dockerfile=f"FROM {PY311}\n{locked_line}\n", base=base)
    line = "PYENV --lock=require 3.8 x r.txt"
    log = buildx.fails(dockerfile(old_index, line), {"r.txt": "beta\n", "pylock.x.toml": lock}).log
    assert f"the lock pylock.x.toml does not fit: {reason}" in log
    assert f">>> {line}" in log
    assert "Creating virtual environment" not in log


def test_a_stage_without_certificates(build_image, tmp_path, old_index):
    """An index without TLS needs none, so the environment is installed from its lock."""
    files = {"r.txt": "beta\n", "pylock.x.toml": lock_of(tmp_path, old_index)}
    text = dockerfile(old_index, "RUN rm -rf /etc/ssl /etc/pki /usr/share/ca-certificates\nPYENV 3.8 x r.txt")
    image = build_image(text, files)
    assert versions(image) == "alpha-1.0.dist-info\nbeta-2.0.dist-info\n"
    assert image.sh("test ! -e /etc/ssl && echo none") == "none\n"


def test_a_foreign_lock_without_a_file_for_the_python_is_an_error(buildx, old_index):
    """It names the package, and points at the PYENV; nothing is installed."""
    name = "alpha-1.0-cp313-cp313-manylinux_2_17_x86_64.whl"
    url, digest = f"{old_index.removesuffix('simple/')}files/{name}", "0" * 64
    lock = (
        'lock-version = "1.0"\ncreated-by = "another"\n[[packages]]\nname = "alpha"\nversion = "1.0"\n'
        f"wheels = [{{ url = '{url}', hashes = {{ sha256 = '{digest}' }} }}]\n"
    )
    log = buildx.fails(dockerfile(old_index, "PYENV 3.8 x pylock.toml"), {"pylock.toml": lock}).log
    assert "pylock.toml has no wheel of alpha 1.0 for Python 3.8 on linux/" in log
    assert ">>> PYENV 3.8 x pylock.toml" in log
    assert "Creating virtual environment" not in log
