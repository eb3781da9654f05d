"""Suggestions for words that are not versions."""

import pytest

from pyenv_frontend.positions import Span
from pyenv_frontend.pyenv.invalid_value import InvalidValue
from pyenv_frontend.pyenv.versions import parse_version

SPELLINGS = """
    py39 py3.9 cp39 cp39-cp39 v39 v3.9 39 python39 python3.9 python-3.9 python:3.9 python@3.9 cpython3.9 Python39
    3,9 3-9 3_9 3..9 3.9. 3.9.x 3.9-slim 3.9+ ==3.9 >=3.9 03.9
    python:3.9-slim-bookworm docker.io/library/python:3.9-alpine3.18
"""


@pytest.mark.parametrize("spelling", SPELLINGS.split())
def test_spellings_of_a_series(spelling):
    """Names of programs, tags of images and wheels, and other separators: the hint is the series."""
    with pytest.raises(InvalidValue) as caught:
        parse_version(spelling, Span(0, len(spelling)))
    assert caught.value.hint == "write 3.9"


@pytest.mark.parametrize(
    ("spelling", "hint"),
    [
        ("py311", "write 3.11"),
        ("python3.9.18-slim", "write 3.9.18"),
        ("3,9,18", "write 3.9.18"),
        ("py27", "Python 2 is too old; write 3.7 or newer"),
        ("python3", "did you mean 3.7, 3.8, 3.9, 3.10, 3.11, 3.12, 3.13, 3.14 or 3.15?"),
        ("py399", ""),
        ("alpine3.18", ""),
        ("node", ""),
    ],
)
def test_other_spellings(spelling, hint):
    """A release stays one, and nothing is suggested for what holds no series."""
    with pytest.raises(InvalidValue) as caught:
        parse_version(spelling, Span(0, len(spelling)))
    assert caught.value.hint == hint
