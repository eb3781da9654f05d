"""A printed file that needs none of our images: its form, and what it does not support."""

import os
import re
from pathlib import Path

import pytest

from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion.standalone import UV_VERSION
from tests.frontend.expansion.test_expand import expanded
from tools.state import ROOT

CASES = Path(__file__).parent / "standalone"
EVERY_EXPANSION = [*CASES.parent.glob("cases/*"), *CASES.parent.glob("printed/*")]
UNSAYABLE = {"builder", "onbuild", "onbuild-under-backtick", "options", "quoted-mounts"}
"""Cases with a mount or a trigger."""
EACH_CASE = pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)


@EACH_CASE
def test_golden(case):
    """The result equals the golden file next to the Dockerfile. (`UPDATE_GOLDEN=1` updates it.)"""
    result = expanded((case / "Dockerfile").read_bytes(), to_print=True, standalone=True)
    if os.environ.get("UPDATE_GOLDEN"):
        (case / "expanded").write_bytes(result.source)
    assert result.source == (case / "expanded").read_bytes()
    assert len(result.lines) == len(result.source.splitlines())


@EACH_CASE
def test_a_standalone_print_has_no_image_or_mount_of_ours(case):
    """It has no mount, no image of ours and no heredoc; files that were copied for an install are removed."""
    text = (case / "expanded").read_text()
    plain = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    assert not re.search(r"--mount|pyenv-frontend|pyenv_image|<<", plain)
    for folder in set(re.findall(r"^COPY .* (/tmp/pyenv-[\w-]+)/\S*$", plain, re.MULTILINE)):
        assert f"&& rm -rf {folder}" in plain


def test_uv_is_that_of_the_image():
    """The version in the printed file is the same as in a build with the frontend."""
    assert f"uv=={UV_VERSION} " in (ROOT / "requirements/uv.txt").read_text()


REFUSED = {
    "a mount": (
        "FROM debian:bookworm\nPYENV --mount=type=secret,id=index 3.8 a a.txt\n",
        "2:7: PYENV a has --mount, and a standalone Dockerfile has no RUN --mount",
    ),
    "a network": (
        "FROM debian:bookworm\nPYENV --network=none 3.8 a a.txt\n",
        "2:7: PYENV a has --network, and a standalone Dockerfile has no RUN --network",
    ),
    "a trigger": (
        "FROM debian:bookworm\nONBUILD PYENV 3.8 a a.txt\n",
        "2:1: PYENV a is a trigger (ONBUILD), which a standalone Dockerfile cannot have",
    ),
    "an image with uv somewhere": (
        "FROM debian:bookworm\nPYENV --uv=me/tools:1 3.8 a a.txt\n",
        "2:7: PYENV a has --uv=me/tools:1, and only of uv's official image is it known where uv is",
    ),
    "a password in one of several addresses": (
        'FROM debian:bookworm\nENV PIP_FIND_LINKS="https://a/ https://me:pw@b/"\nPYENV 3.8 a a.txt\n',
        "3:1: PYENV a installs from an address with a password, which the print would repeat",
    ),
    "a password in the heredoc": (
        "FROM debian:bookworm\nARG t=pw\nPYENV 3.8 a <<E\n--index-url https://me:$t@b/\nE\n",
        "3:1: PYENV a installs from an address with a password, which the print would repeat",
    ),
    "another shell": (
        'FROM debian:bookworm\nSHELL ["/usr/bin/python3", "-c"]\nPYENV 3.8 a a.txt\n',
        "3:1: PYENV a comes after SHELL [/usr/bin/python3, ...], and a standalone Dockerfile needs sh there",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_expressed_is_refused(case):
    """The error has the PYENV, the reason and a solution; a print without --standalone works."""
    source, headline = REFUSED[case]
    with pytest.raises(UserError) as caught:
        expanded(source.encode(), to_print=True, standalone=True)
    assert caught.value.headline == f"Dockerfile:{headline}"
    assert caught.value.hint
    assert expanded(source.encode(), to_print=True).source


@pytest.mark.parametrize("case", sorted(EVERY_EXPANSION), ids=lambda case: case.name)
def test_every_expansion_is_standalone_or_refused(case):
    """The result can be printed again without changes, or the error names a PYENV."""
    source = (case / "Dockerfile").read_bytes()
    if case.name in UNSAYABLE:
        with pytest.raises(UserError, match=r"PYENV \S+ (has|is|needs|comes)"):
            expanded(source, to_print=True, standalone=True)
        return
    result = expanded(source, to_print=True, standalone=True).source
    assert b"--mount=type=bind" not in result
    assert expanded(result, to_print=True, standalone=True).source == result


def test_unusual_paths_and_addresses_with_passwords():
    """A path with a blank is a single path, and an address with a password is only named by its variable."""
    text = (
        "FROM debian:bookworm AS c\nFROM debian:bookworm\nARG PIP_FIND_LINKS\nARG PIP_INDEX_URL=https://me:secret@x/\n"
        "ENV PIP_FIND_LINKS=https://me:secret@example.com/links\nPYENV --builder=c --path='/srv/a b' 3.9 x a.txt\n"
        "PYENV 3.9 y a.txt\n"
    )
    result = expanded(text.encode(), to_print=True, standalone=True).source.decode()
    assert 'COPY --from=pyenv-x ["/srv/a b", "/srv/a b"]\n' in result
    assert "venv --without-pip '/srv/a b'" in result
    assert '--find-links="$PIP_FIND_LINKS" -r a.txt' in result
    assert 'UV_DEFAULT_INDEX="$PIP_INDEX_URL"' in result
    assert "secret" not in "".join(
        row for row in result.splitlines(keepends=True) if not row.startswith(("ARG", "ENV"))
    )
