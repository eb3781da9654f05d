"""The options of a step, which the frontend writes and the image reads."""

import pytest

from pyenv_image.failure import StepError
from pyenv_image.step_options import CopyOptions, EnvironmentOptions, GraftOptions, parse, to_arguments

ODD = "a=b --c 'd' \"é\\n"


@pytest.mark.parametrize(
    "options",
    [
        GraftOptions(source="/a", prefix="/b"),
        GraftOptions(source="/a", prefix="/b", link=ODD),
        CopyOptions(name="x", source="/a", path="/b", user="airflow:0", home="/home/airflow"),
        EnvironmentOptions(name="x"),
        EnvironmentOptions(
            name="x", path="/p", installer="pip", requirements=("a.txt", "b.txt"), lines=("", ODD, "--pre"),
            constraints=("c",), extras=("e",), groups=("g",), system_site_packages=True, no_compile=True,
            selfcheck=True, python="/usr/bin/python3", local=True,
        ),
    ],
)  # fmt: skip
def test_what_is_written_is_read_back(options):
    """All values are preserved, with any characters."""
    assert parse(type(options), to_arguments(options)) == options


def test_defaults_are_not_written():
    """The command only has the options of its PYENV."""
    assert to_arguments(EnvironmentOptions(name="x")) == ["--name=x"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name=x", "--nonsense=1"], "no option --nonsense=1"),
        (["--name=x", "word"], "no option word"),
        (["--path=/p"], "needs --name"),
    ],
)
def test_a_command_that_another_version_wrote(arguments, message):
    """An option that this version does not know is an error, and not ignored."""
    with pytest.raises(StepError, match=message):
        parse(EnvironmentOptions, arguments)
