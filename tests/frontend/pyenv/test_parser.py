"""The whole message of every error: position, line, caret, expectation and hint."""

import os
from pathlib import Path

import pytest

from pyenv_frontend.cli.folder_context import FolderContext
from pyenv_frontend.dockerfile import parse
from pyenv_frontend.errors import UserError
from pyenv_frontend.inputs.resolve import resolve_inputs
from pyenv_frontend.stages.analyze import read


class Case(FolderContext):
    """The folder of a case, without its message."""

    def names(self, folder):
        return tuple(name for name in super().names(folder) if name != "message")


MISTAKES = sorted((Path(__file__).parent / "mistakes").iterdir())


def closures(case):
    """Return the files that a case's Dockerfile refers to."""
    program = read(parse((case / "Dockerfile").read_bytes()))
    return [resolve_inputs(environment.pyenv, Case(case)) for environment in program.environments]


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: case.name)
def test_message(case):
    """The folder is a build context, and `message` is the user's whole output. (`UPDATE_GOLDEN=1` updates it.)"""
    with pytest.raises(UserError) as caught:
        closures(case)
    message = f"{caught.value.format()}\n"
    if os.environ.get("UPDATE_GOLDEN"):
        (case / "message").write_text(message, "utf-8")
    assert message == (case / "message").read_text("utf-8")
    assert caught.value.locations[0].file.name == "Dockerfile"


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: case.name)
def test_reported_instead_of_raised(case):
    """With `report`, reading continues after an error, and no error is reported twice."""
    errors = []
    program = read(parse((case / "Dockerfile").read_bytes()), report=errors.append) if parses(case) else None
    assert program is None or len(errors) == len({error.format() for error in errors}) <= 1


def parses(case):
    """Tell whether the error is in a PYENV rather than in the document itself."""
    try:
        parse((case / "Dockerfile").read_bytes())
    except UserError:
        return False
    return True
