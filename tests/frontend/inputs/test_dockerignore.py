""".dockerignore, as described in the Dockerfile reference."""

import pytest

from pyenv_frontend.inputs.dockerignore import parse_dockerignore

CASES = [
    ("a.txt", ["a.txt"], ["b/a.txt", "a.txt2"]),
    ("/a.txt", ["a.txt"], ["b/a.txt"]),
    ("dir", ["dir", "dir/a", "dir/b/c"], ["dir2", "x/dir"]),
    ("dir/", ["dir/a"], []),
    ("*/temp*", ["a/temp", "a/temporary.txt", "a/temp/x"], ["temp", "a/b/temp"]),
    ("temp?", ["tempa"], ["temp", "temp/a"]),
    ("**/*.go", ["a.go", "a/b/c.go"], ["a.gox"]),
    ("a/**", ["a/b", "a/b/c"], ["b"]),
    ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab"]),
    ("[a-c].txt", ["a.txt", "c.txt"], ["d.txt"]),
    ("a\\*b", ["a*b"], ["axb"]),
    ("a.b", ["a.b"], ["axb"]),
    ("*\n!keep.txt", ["a", "b/c"], ["keep.txt"]),
    ("*.md\n!README*.md\nREADME-secret.md", ["a.md", "README-secret.md"], ["README.md"]),
    ("dir\n!dir/keep", ["dir/a"], ["dir/keep"]),
    ("# a comment\n\n  a.txt  ", ["a.txt"], ["# a comment"]),
    ("./a/../b.txt", ["b.txt"], ["a"]),
    (".", [], ["a"]),
    ("[", [], ["a"]),
    ("[z-a]", [], ["a", "z"]),
]
"""The patterns of a file, paths that they exclude, and paths that they do not."""


@pytest.mark.parametrize(("patterns", "out", "taken_in"), CASES)
def test_patterns(patterns, out, taken_in):
    """Paths are excluded and included again as the patterns say."""
    ignore = parse_dockerignore(patterns.encode())
    assert [path for path in out if not ignore.ignores(path)] == []
    assert [path for path in taken_in if ignore.ignores(path)] == []
