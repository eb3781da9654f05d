"""Options in requirements files, checked before anything is installed."""

import pytest

from pyenv_frontend.errors import UserError
from tests.frontend.pyenv.contexts import closure


def refused(line, files):
    """Return the error of a PYENV line."""
    with pytest.raises(UserError) as caught:
        closure(line, files)
    return caught.value


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--prefer-binary", "--prefer-binary has no effect with uv: "),
        ("------- -------", "dashes alone are not an option of requirements files: write one requirement a line"),
        ("--no-deps", "--no-deps is not an option of requirements files"),
        ("-U", "--upgrade is not an option of requirements files"),
        ("--find-linksx wheels", "--find-linksx is not an option of requirements files"),
        ("six --global-option=--x", "--global-option has no effect with uv"),
    ],
)
def test_an_option_that_uv_cannot_follow_is_an_error_at_its_line(option, message):
    """The word of the Dockerfile is the first place, for the build."""
    error = refused("PYENV 3.9 x r/a.txt", {"r/a.txt": f"idna\n{option}\n"})
    assert error.message.startswith(message)
    assert [(place.file.name, place.position.line) for place in error.locations] == [("Dockerfile", 2), ("r/a.txt", 2)]


def test_an_option_in_a_heredoc():
    """The place is the line of the Dockerfile."""
    error = refused("PYENV 3.9 x <<EOF\nsix\n--prefer-binary\nEOF", {})
    assert [place.position.line for place in error.locations] == [4]


def test_options_that_hold():
    """What the installer reads or gets in another form is fine, and pip takes what it knows."""
    text = "-i https://i/simple/\n--pre\n--trusted-host h\n--no-binary a\nsix --hash=sha256:00 --config-settings=a=b\n"
    closure("PYENV 3.9 x a.txt", {"a.txt": text})
    closure("PYENV --installer=pip 3.9 x a.txt", {"a.txt": "--prefer-binary\nsix --global-option=--x\n"})


FILES = {
    "a.txt": "-i https://one/simple\n-r b.txt\n",
    "b.txt": "--index-url=https://two/simple/\nsix\n",
    "c.txt": "-i https://one/simple/\nsix\n",
    "d.txt": "-i https://one/simple\n-i https://two/simple\n",
}


@pytest.mark.parametrize(
    ("line", "places"),
    [
        ("PYENV 3.9 x a.txt", [("b.txt", 1), ("a.txt", 1)]),
        ("PYENV 3.9 x d.txt", [("d.txt", 2), ("d.txt", 1)]),
        ("PYENV 3.9 x c.txt b.txt", [("b.txt", 1), ("c.txt", 1)]),
        ("PYENV --constraint=b.txt 3.9 x c.txt", [("c.txt", 1), ("b.txt", 1)]),
    ],
)
def test_two_default_indexes(line, places):
    """Both are named; pip takes the last one."""
    error = refused(line, FILES)
    assert error.message == "--index-url names a second address, and uv takes one"
    assert [(place.file.name, place.position.line) for place in error.locations[1:]] == places
    closure(line.replace("PYENV", "PYENV --installer=pip"), FILES)


def test_the_same_index_twice():
    """It is no contradiction."""
    closure("PYENV 3.9 x c.txt a.txt", FILES | {"b.txt": ""})
