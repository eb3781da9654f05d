"""Our reading of .dockerignore leaves out the same files as the engine."""

import posixpath

import pytest

from pyenv_frontend.inputs.dockerignore import parse_dockerignore
from tests.frontend.inputs.test_dockerignore import CASES

FINE = [case for case in CASES if not case[0].startswith("[") or case[1]]
"""An invalid bracket is an error that the engine reports."""


@pytest.mark.parametrize(("patterns", "out", "taken_in"), FINE)
def test_as_the_engine(buildx, look, patterns, out, taken_in):
    """A COPY of the whole context has exactly the files that are not left out."""
    paths = [*out, *taken_in, "sub/deeper/file.txt", "other.md"]
    files = {path: "" for path in paths if not any(other.startswith(f"{path}/") for other in paths)}
    build = buildx("FROM scratch\nCOPY . /c/\n", {**files, ".dockerignore": patterns}, syntax=False)
    copied = {
        posixpath.relpath(path, "/c") for path, entry in look(build.image).files("/c").items() if entry.kind == "file"
    }
    ignore = parse_dockerignore(patterns.encode())
    assert copied - {"Dockerfile", ".dockerignore"} == {path for path in files if not ignore.ignores(path)}
