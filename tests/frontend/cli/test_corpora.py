"""Every Dockerfile of the tests through both commands: an answer or an error of ours, never a traceback."""

from pathlib import Path

import pytest

from pyenv_frontend.document import parse
from pyenv_frontend.errors import UserError
from pyenv_frontend.language import has_pyenv
from tests.frontend.cli.running import called

TESTS = Path(__file__).parents[2]
FILES = sorted([*TESTS.glob("corpus/*.Dockerfile"), *TESTS.glob("frontend/**/Dockerfile")])
FACTS = ("--base-suite=bookworm",)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TESTS)))
def test_no_file_is_too_odd(monkeypatch, path):
    """`check` and `expand` end with 0 or 1, and what has no PYENV is printed as it is."""
    source = path.read_bytes()
    check = called(monkeypatch, "check", "--format=json", path)
    assert check.code in {0, 1}
    assert "Traceback" not in check.err
    expand = called(monkeypatch, "expand", "-f", path, *FACTS)
    assert expand.code in {0, 1}
    assert "Traceback" not in expand.err
    if not has_pyenv_in(source):
        assert expand == (0, source.decode("utf-8", "surrogateescape"), "")


def has_pyenv_in(source: bytes) -> bool:
    """Say whether a file that may be wrong has a PYENV."""
    try:
        return has_pyenv(parse(source))
    except UserError:
        return True


def test_there_are_files():
    """The patterns above find something."""
    assert len(FILES) > 100
