"""Parser directives, detected in the same way as by the engine."""

import pytest

from pyenv_frontend.dockerfile.directives import Detected, detect, detect_syntax


@pytest.mark.parametrize(
    ("source", "value", "line"),
    [
        (b"# syntax=docker/dockerfile:1", b"docker/dockerfile:1", 1),
        (b"#syntax = a/b:c  and more \r\nFROM x", b"a/b:c  and more", 1),
        (b"# SyNtAx=x\n", b"x", 1),
        (b"# escape=`\n# check=skip=all\n# syntax=x\n", b"x", 3),
        (b"\xef\xbb\xbf# syntax=x\n", b"x", 1),
        (b"#!/bin/x\n# syntax=x\n", b"x", 2),
        (b"\xef\xbb\xbf#!/bin/x\n# syntax=x\n", b"x", 2),
        (b"// syntax=x\n", b"x", 1),
        (b"#!/bin/x\n//syntax = x y\n", b"x y", 2),
        (b'{"syntax": "x", "more": [1]}\n', b"x", 1),
        (b'  \n{"syntax": "x"}', b"x", 1),
        (b"# syntax=x\n# syntax=y\n", b"x", 1),
        (b"# \xc2\xa0syntax=x\n", b"x", 1),
    ],
)
def test_syntax_is_found(source, value, line):
    """It may be in either kind of comment, after a shebang or a byte-order mark, or in JSON."""
    assert detect_syntax(source) == Detected(value, line)


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"FROM x\n# syntax=x\n",
        b"\n# syntax=x\n",
        b"# a comment\n# syntax=x\n",
        b"# dialect=y\n# syntax=x\n",
        b"  # syntax=x\n",
        b"# syntax\n",
        b"# syntax=\n",
        b"# escape=`\n# escape=`\n# syntax=x\n",
        b"// escape=`\n# syntax=x\n",
        b'["syntax"]',
        b'{"syntax": 1}',
        b'{"syntax": "x"',
        b'{"a": ' * 100000,
    ],
)
def test_syntax_is_not_found(source):
    """Any other line ends the directives, and the # must be in the first column."""
    assert detect_syntax(source) is None


def test_the_image_is_the_first_word():
    """The words after the image are free text for the frontend."""
    assert Detected(b"a/b:c  and more", 1).first_word == b"a/b:c"


def test_check_and_escape_are_found_among_the_others():
    """Each directive can be looked up by name; only comments with # are recognized."""
    source = b"# syntax=x\n# check=skip=A,B;error=true\n# escape=`\nFROM x\n"
    assert detect(source, "check") == Detected(b"skip=A,B;error=true", 2)
    assert detect(source, "escape") == Detected(b"`", 3)
    assert detect(b"// check=skip=A\n", "check") is None
