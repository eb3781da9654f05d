"""Rules for docstrings and comments that no linter checks."""

import io
import re
import tokenize

import pytest

from tests.repository.test_every_test_runs import tracked
from tools.state import ROOT

MARKUP = re.compile(r"(?<!`)``(?!`)|:(?:attr|class|data|exc|func|meth|mod|ref):`")
"""Markup of reStructuredText; this repository uses single backticks."""


def prose(path):
    """Yield the comments and docstrings of a file, with their line numbers."""
    source = (ROOT / path).read_bytes()
    begins = True
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and begins):
            yield token.start[0], token.string
        if token.type not in {tokenize.COMMENT, tokenize.NL}:
            begins = token.type in {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}


@pytest.mark.parametrize("folder", ["bench", "docs", "examples", "frontend", "provider", "tests", "tools"])
def test_names_stand_between_single_backticks(folder):
    """This holds for comments and docstrings."""
    paths = tracked(f"{folder}/*.py")
    assert paths
    assert [f"{path}:{line}" for path in paths for line, text in prose(path) if MARKUP.search(text)] == []
