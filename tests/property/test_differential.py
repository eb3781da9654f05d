"""Number, kind, lines and heredocs of instructions are the same as in an independent port of BuildKit's parser.

Files on which that port differs from BuildKit are skipped: it has no heredocs on ONBUILD, rejects unknown instructions,
and reads text instead of bytes.
"""

from pathlib import Path

import pytest
from e2b_dockerfile_utils.syntax import DockerfileSyntaxError, parse_dockerfile_ast
from hypothesis import given

from pyenv_frontend.dockerfile import parse
from tests.property.strategies import dockerfiles, soups

CORPUS = sorted((Path(__file__).parents[1] / "corpus").glob("*.Dockerfile"))
CASES = sorted((Path(__file__).parents[1] / "frontend/dockerfile/cases").iterdir())
assert len(CORPUS) > 20


def theirs(source: bytes) -> list[tuple[object, ...]] | None:
    """Return the result of the port, or None if the file is skipped."""
    try:
        ast = parse_dockerfile_ast(source.decode())
    except (UnicodeDecodeError, DockerfileSyntaxError):
        return None
    if any(i.name == "ONBUILD" and "<<" in i.original for i in ast.instructions):
        return None
    return [
        (i.name, i.original, i.start_line, i.end_line, [(h.name, h.expand, h.chomp) for h in i.heredocs])
        for i in ast.instructions
    ]


def ours(source: bytes) -> list[tuple[object, ...]]:
    """Return the result of our parser in the same form."""
    return [
        (i.name, i.logical.text.decode(), *i.lines, [(h.name.decode(), h.expand, h.strip_tabs) for h in i.heredocs])
        for i in parse(source).instructions
    ]


def agree(source: bytes) -> bool:
    """Compare the results; return False if the file is skipped."""
    expected = theirs(source)
    if expected is None:
        return False
    assert ours(source) == expected
    return True


VARIANTS = {
    "as it is": lambda source: source,
    "CRLF": lambda source: source.replace(b"\n", b"\r\n"),
    "byte-order mark": lambda source: b"\xef\xbb\xbf" + source,
    "no line feed at the end": lambda source: source.rstrip(b"\n"),
    "indented": lambda source: b"  " + source.replace(b"\n", b"\n  "),
    "comments between": lambda source: source.replace(b"\\\n", b"\\\n # between\n\n"),
    "upside down": lambda source: b"\n".join(reversed(source.split(b"\n"))),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_corpus(variant):
    """Realistic Dockerfiles with modified lines agree, and nearly all of them can be compared."""
    compared = [agree(VARIANTS[variant](path.read_bytes())) for path in CORPUS]
    assert sum(compared) >= (0.1 if variant == "upside down" else 0.8) * len(CORPUS)


def test_the_golden_cases():
    """The cases of the document's own tests agree if they can be compared."""
    assert sum(agree((case / "Dockerfile").read_bytes()) for case in CASES) > len(CASES) // 2


@given(dockerfiles(pyenv=False))
def test_generated_files(source):
    """Files that follow the grammar agree."""
    agree(source)


@given(soups)
def test_fragments(source):
    """Fragments in any order agree, except for characters that are white space in Python and not in Go."""
    if b"\x1c" not in source and b"\x85" not in source and "\u0130".encode() not in source:
        agree(source)
