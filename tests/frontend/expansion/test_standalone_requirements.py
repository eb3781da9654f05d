"""Contents of requirements files that a standalone file does not support."""

import pytest

from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion.standalone_requirements import check_requirements
from pyenv_frontend.inputs.resolve import resolve_inputs
from tests.frontend.pyenv.contexts import Files, pyenv

FILES = {"a.txt": "", "package/pyproject.toml": "", "deps/package/pyproject.toml": "", "deps/wheels/x.whl": ""}


def check(files, rest="x a.txt"):
    instruction = pyenv(f"PYENV 3.9 {rest}\n")
    check_requirements(instruction, resolve_inputs(instruction, Files({**FILES, **files})))


REFUSED = {
    "an editable package": ({"a.txt": "six\n-e ./package\n"}, "a.txt:2:4: PYENV x reads -e ./package"),
    "a package beside its file": (
        {"a.txt": "-r deps/b.txt\n", "deps/b.txt": "./package\n"},
        "deps/b.txt:1:1: PYENV x reads ./package in deps/",
    ),
    "wheels beside their file": (
        {"a.txt": "-r deps/b.txt\n", "deps/b.txt": "--find-links wheels\n"},
        "deps/b.txt:1:14: PYENV x reads wheels in deps/",
    ),
    "an option of pip": ({"a.txt": "--pre\nsix\n"}, "PYENV x reads --pre, an option that uv does not read in a file"),
    "a variable": ({"a.txt": "six==${V}\n"}, "a.txt:1:1: PYENV x reads the variable in six==${V}"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    """The error has the PYENV, the file, the line and a solution."""
    files, words = REFUSED[case]
    with pytest.raises(UserError, match="which a standalone Dockerfile cannot have") as caught:
        check(files)
    assert words in caught.value.headline
    assert caught.value.hint


def test_refused_in_a_heredoc():
    """The lines of a heredoc are treated like those of a file."""
    with pytest.raises(UserError, match=r"-e \./package"):
        check({}, "x <<E\n-e ./package\nE")


def test_what_installers_read_as_the_step_does():
    """Packages in the context's root, absolute paths, files in folders, indexes and hashes are unchanged."""
    top = "-r deps/b.txt\n--index-url https://example.com/${I}\n./package\n/srv/x.whl\nsix ; python_version>'3'\n"
    check({"a.txt": top, "deps/b.txt": "idna\n-c c.txt\n", "deps/c.txt": "idna<4\n"})


def test_files_that_are_no_requirements_are_not_read_as_such():
    """A readme and a setup.py may hold anything."""
    project = "[project]\nname = 'x'\nreadme = 'README.md'\ndynamic = ['dependencies']\n[build-system]\n"
    check({"pyproject.toml": project, "README.md": "-e .\n", "setup.py": "--pre\n"}, "x pyproject.toml")
