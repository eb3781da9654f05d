"""Changes of an environment's inputs and their effect on its digest."""

from pathlib import Path

import pytest

from pyenv_frontend.cli.folder_context import FolderContext
from pyenv_frontend.dockerfile import parse
from pyenv_frontend.inputs.build_context import LARGEST
from pyenv_frontend.inputs.resolve import resolve_inputs
from pyenv_frontend.local.fingerprint import Fingerprint, fingerprint_of
from pyenv_frontend.lock.inputs import changes
from pyenv_frontend.stages.analyze import read

LINE = "PYENV 3.12 one reqs.txt"


def fingerprint(folder: Path, line: str = LINE) -> Fingerprint:
    program = read(parse(f"FROM debian\n{line}\n".encode()))
    pyenv = program.environments[0].pyenv
    context = FolderContext(folder)
    return fingerprint_of(pyenv, resolve_inputs(pyenv, context), context, folder / ".pyenv-frontend/one")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "package/src").mkdir(parents=True)
    (tmp_path / "package/pyproject.toml").write_text("[project]\nname='package'\n")
    (tmp_path / "package/src/code.py").write_text("1\n")
    (tmp_path / "reqs.txt").write_text("six\n./package\n")
    (tmp_path / "pins.txt").write_text("six==1.17.0\n")
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "PYENV 3.13 one reqs.txt",
        "PYENV --installer=pip 3.12 one reqs.txt",
        "PYENV --system-site-packages 3.12 one reqs.txt",
        "PYENV --network=none 3.12 one reqs.txt",
        "PYENV --constraint=pins.txt 3.12 one reqs.txt",
        "PYENV 3.12 one",
        "PYENV 3.12 one reqs.txt <<EOF\nsix\nEOF",
    ],
)
def test_the_digest_depends_on_the_instruction(project: Path, line: str):
    """Version, installer, files and options are part of the digest."""
    assert fingerprint(project, line).digest != fingerprint(project).digest


@pytest.mark.parametrize("line", ["PYENV --path=/x 3.12 one reqs.txt", "pyenv  3.12  one \\\n  reqs.txt"])
def test_the_digest_does_not_depend_on_options_for_images(project: Path, line: str):
    """Options for images and the spelling of the instruction do not change the digest."""
    assert fingerprint(project, line).digest == fingerprint(project).digest


@pytest.mark.parametrize("path", ["reqs.txt", "package/src/code.py", "package/new.py"])
def test_every_file_that_is_installed_counts(project: Path, path: str):
    """The contents of requirements files and of local packages are part of the digest."""
    before = fingerprint(project)
    with (project / path).open("a") as stream:
        stream.write("# changed\n")
    assert fingerprint(project).digest != before.digest


def test_a_wheel_counts_however_large_it_is(project: Path):
    """The limit for the size of requirements files does not apply to files that are installed."""
    wheel = project / "package/big.whl"
    with wheel.open("wb") as stream:
        stream.truncate(LARGEST + 1)
    before = fingerprint(project)
    with wheel.open("ab") as stream:
        stream.write(b"x")
    assert fingerprint(project).digest != before.digest


@pytest.mark.parametrize(
    "path",
    [
        "other.txt",
        ".pyenv-frontend/x",
        "package/__pycache__/x.pyc",
        "package/package.egg-info/PKG-INFO",
        "package/build/x",
    ],
)
def test_the_digest_does_not_depend_on_other_files(project: Path, path: str):
    """Other files in the folder, and files that an install leaves in a local package, are ignored."""
    before = fingerprint(project)
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).write_text("x")
    assert fingerprint(project).digest == before.digest


def test_differences_are_described():
    """The text lists each part that was changed, added or removed."""
    old = {"Python": "3.8", "a.txt": "1", "b.txt": "1", "layout": "1"}
    new = {"Python": "3.9", "a.txt": "2", "c.txt": "1", "layout": "1"}
    reasons = ["Python 3.8 became 3.9", "a.txt changed", "c.txt is new", "b.txt is gone"]
    assert changes(old, new) == reasons
