"""Whole files, compared with golden files of their documents."""

import json

import pytest

from pyenv_frontend.dockerfile import parse
from tests.frontend.dockerfile.golden import CASES, NEGATIVE, render, render_error
from tests.property.laws import ask_everything


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_has_the_nodes_written_down(case):
    """Nodes, flags, arguments and heredocs equal those in `nodes.json`."""
    assert json.loads(render((case / "Dockerfile").read_bytes())) == json.loads((case / "nodes.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_loses_nothing(case):
    """The general properties of documents hold for each file."""
    source = (case / "Dockerfile").read_bytes()
    ask_everything(parse(source))


@pytest.mark.parametrize("case", NEGATIVE, ids=lambda case: case.name)
def test_a_wrong_file_gets_the_error_written_down(case):
    """Position, line, caret and hint equal those in `error.txt`."""
    assert render_error((case / "Dockerfile").read_bytes()) == (case / "error.txt").read_text()
