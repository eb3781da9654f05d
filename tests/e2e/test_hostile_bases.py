"""Broken files in a base image give one sentence with the image, the file and the PYENV."""

import pytest

from tests.e2e.test_messages import marked

BASE = "python:3.13-slim-bookworm"
GRAFTED = "python:3.11-slim-bookworm"


pytestmark = pytest.mark.images(BASE, GRAFTED)


def base(buildx, command):
    """Build a base image with one command."""
    return buildx(f"# a base\nFROM {BASE}\nRUN {command}\n", {}, syntax=False).image


@pytest.mark.parametrize(
    ("file", "command", "kind"),
    [
        ("etc/os-release", "mknod /etc/zero c 1 5 && ln -sf zero /etc/os-release", "is a device"),
        ("etc/os-release", "rm /etc/os-release && mkfifo /etc/os-release", "is a named pipe"),
        ("etc/os-release", "rm /etc/os-release && mkdir /etc/os-release", "is a folder"),
        ("etc/os-release", "rm /etc/os-release && truncate -s 120M /etc/os-release", "has 120 MB"),
        ("etc/passwd", "rm /etc/passwd && mkfifo /etc/passwd", "is a named pipe"),
        ("etc/passwd", "ln -sf /etc /etc/passwd", "is a folder"),
    ],
)
def test_a_special_file_is_an_error(buildx, file, command, kind):
    """The engine does not try to read such a file."""
    name = base(buildx, command)
    build = buildx.fails(f"FROM {name}\nRUN true\nPYENV 3.11 etl\n", timeout=120)
    assert f"/{file} of the base image {name} {kind}" in build.log.rpartition("ERROR: ")[2]
    assert marked(build.log) == ("Dockerfile", [(4, "PYENV 3.11 etl")])


def test_a_passwd_that_the_stage_itself_takes_away(buildx):
    """/etc/passwd is read for a user that the base does not have, and the same restrictions apply."""
    build = buildx.fails(
        f"FROM {BASE}\nRUN useradd -m me && rm /etc/passwd && mkfifo /etc/passwd\nUSER me\nPYENV 3.11 etl\n",
        timeout=120,
    )
    assert f"/etc/passwd of the stage that {BASE} begins is a named pipe" in build.log.rpartition("ERROR: ")[2]
    assert marked(build.log) == ("Dockerfile", [(5, "PYENV 3.11 etl")])


@pytest.mark.parametrize("command", ["rm /etc/os-release", "ln -sf /nowhere /etc/os-release"])
def test_a_file_that_is_missing_is_not_needed(buildx, command):
    """The C library's kind is then found through the library itself."""
    name = base(buildx, command)
    buildx(f"FROM {name}\nPYENV 3.11 etl\nRUN test -x $ASTRO_PYENV_etl\n")


@pytest.mark.parametrize(
    "command",
    [
        "install -m 755 /dev/null /usr/bin/python3.11",
        "ln -s /nowhere /usr/bin/python3.11",
        "printf '#!/bin/sh\\nexit 0\\n' > /usr/bin/python3.11 && chmod +x /usr/bin/python3.11",
        "cp /bin/true /usr/bin/python3.11 && printf '\\267' | dd of=/usr/bin/python3.11 bs=1 seek=18 conv=notrunc",
        "mkdir /usr/bin/python3.11",
        "mkfifo /usr/bin/python3.11",
    ],
    ids=["empty", "a link to nowhere", "a script", "of another processor", "a folder", "a named pipe"],
)
def test_a_file_with_the_name_of_an_interpreter_is_not_used(buildx, command):
    """The PYENV adds its own interpreter."""
    name = base(buildx, command)
    buildx(
        f"FROM {name}\nPYENV 3.11 etl\nRUN $ASTRO_PYENV_etl -c 'import sys; assert sys.version_info[:2] == (3, 11)'\n"
    )
