"""Which interpreter a PYENV uses, where its image comes from, and that the stage's own Pythons are unchanged."""

import re

import pytest

from tests.e2e.test_messages import marked

BASE = "python:3.13-slim-bookworm"
GRAFTED = ("python:3.11-slim-bookworm", "python:3.12-slim-bookworm")


pytestmark = pytest.mark.images(BASE, *GRAFTED)


def last_error(build):
    """Return the last error message of the client."""
    return build.log.rpartition("ERROR: ")[2]


def test_a_python_of_the_stages_own_keeps_its_meaning(buildx):
    """A link is only added if the package manager has not installed a Python of that version."""
    own = "printf '#!/bin/sh\\necho own\\n' > /usr/bin/python3.11 && chmod +x /usr/bin/python3.11"
    buildx(
        f"FROM {BASE}\nRUN {own}\nPYENV 3.12 z\nPYENV 3.11 a\n"
        "RUN test $(python3.11) = own && test ! -e /usr/local/bin/python3.11\n"
        "RUN test $(python3.12 -c 'import sys; print(sys.prefix)') = /opt/pyenv/3.12\n"
        "RUN $ASTRO_PYENV_a -c 'import sys; assert sys.version_info[:2] == (3, 11)'\n"
    )


@pytest.mark.parametrize("options", ["", "--no-compile ", "--installer=pip "])
def test_the_bases_own_python_stays_as_it_is(buildx, options):
    """All files stay the same; in particular, no byte code is written."""
    tree = "cd /usr/local && find . -type f -exec sha256sum {} + | sort"
    buildx(
        f"FROM {BASE}\nRUN ({tree}) > /before\nPYENV {options}3.13 etl <<EOF\nsix==1.16.0\nEOF\n"
        f"RUN ({tree}) > /after && diff /before /after\n"
    )


@pytest.mark.parametrize("line", ["PYENV 3.14 new", "PYENV 3.11.3 etl", "PYENV --from=127.0.0.1:1/py:1 3.11 etl"])
def test_an_image_that_is_not_available_is_an_error_of_the_pyenv(buildx, line):
    """The PYENV's line is marked; the message names the image, the reason for its choice, and all solutions."""
    build = buildx.fails(f"FROM {BASE}\nRUN true\nPYENV 3.13 other\n{line}\n")
    assert marked(build.log) == ("Dockerfile", [(5, line)])
    words = last_error(build)
    assert re.search(
        r"(python:3\.14-slim-bookworm|python:3\.11\.3-slim-bookworm|127\.0\.0\.1:1/py:1), .* is not available", words
    )
    for way in ("--from=IMAGE", "--build-context", "--build-arg PYENV_PYTHON_IMAGE="):
        assert way in words


@pytest.mark.parametrize("setting", ["an ARG", "a build-arg"])
def test_one_setting_takes_all_pythons_from_a_mirror(buildx, engine, setting):
    """Only the repository changes, not the tags, as for a company's registry or an air-gapped build."""
    mirror = "mirror.example.com/team/python"
    for image in GRAFTED:
        engine.run("tag", image, image.replace("python:", f"{mirror}:"))
    try:
        pyenvs = "PYENV 3.11 a\nPYENV 3.12 b\nRUN $ASTRO_PYENV_a -V && $ASTRO_PYENV_b -V\n"
        if setting == "an ARG":
            build = buildx(f"ARG PYENV_PYTHON_IMAGE={mirror}\nFROM {BASE}\n{pyenvs}")
        else:
            build = buildx(f"FROM {BASE}\n{pyenvs}", {}, f"--build-arg=PYENV_PYTHON_IMAGE={mirror}")
        assert f"FROM {mirror}:3.11-slim-bookworm" in build.log or f"FROM docker.io/{mirror}" not in build.log
        missing = buildx.fails(f"FROM {BASE}\nPYENV 3.10 c\n", {}, f"--build-arg=PYENV_PYTHON_IMAGE={mirror}")
        assert f"{mirror}:3.10-slim-bookworm, " in last_error(missing)
    finally:
        for image in GRAFTED:
            engine.run("image", "rm", image.replace("python:", f"{mirror}:"))


@pytest.mark.parametrize(
    ("stage", "line", "sentence"),
    [
        (
            "RUN true",
            "PYENV --from=s 3.12 a",
            "s, which --from names, has no /usr/local/bin/python3.12 but python3.11;",
        ),
        ("RUN true", "PYENV --from=s 3.11.2 a", "s, which --from names, has Python 3.11."),
        (
            "RUN printf '#!/bin/sh\\nexec /opt/pyenv/3.11/bin/python3.11\\n' > /usr/local/bin/python3.11",
            "PYENV --from=s 3.11 a",
            "/usr/local/bin/python3.11 of s, which --from names, is a script, and not an interpreter (it starts the",
        ),
        (
            "RUN rm -r /usr/local/lib/python3.11",
            "PYENV --from=s 3.11 a pylock.toml",
            "/usr/local/bin/python3.11 of s, which --from names, has no standard library in /usr/local/lib/python3.11",
        ),
    ],
)
def test_an_image_without_a_usable_python_is_one_sentence(buildx, stage, line, sentence):
    """It is checked before its interpreter is started, whose failure would be an exit code."""
    lock = {"pylock.toml": 'lock-version = "1.0"\ncreated-by = "tests"\npackages = []\n'}
    build = buildx.fails(f"FROM {GRAFTED[0]} AS s\n{stage}\nFROM {BASE}\n{line}\n", lock)
    assert f"error: {sentence}" in build.log
    assert "exec /run" not in build.log
    assert marked(build.log) == ("Dockerfile", [(5, line)])


@pytest.mark.images(BASE, *GRAFTED, "alpine:3.20")
@pytest.mark.parametrize(
    ("stage", "line", "sentence"),
    [
        (
            f"FROM {GRAFTED[0]} AS s",
            "PYENV --builder=s 3.13 a",
            "the stage s, which --builder names, has no /usr/local/bin/python3.13, which is the Python of python:3.13-",
        ),
        (
            "FROM scratch AS s",
            "PYENV --builder=s 3.13 a",
            "the stage s, which --builder names, has no /usr/local/bin/python3.13",
        ),
        (
            "FROM alpine:3.20 AS s",
            "PYENV --builder=s 3.11 a",
            "the stage s, which --builder names, cannot run the Python of python:3.11-slim-bookworm: it has no glibc (",
        ),
        ("FROM scratch AS s", "PYENV --from=s 3.11 a", "s, which --from names, has no /usr/local/bin/python3.11; name"),
        (
            "FROM scratch AS s\nCOPY Dockerfile /",
            "PYENV --from=s 3.11 a",
            "s, which --from names, has no /usr/local/bin/python3.11; name",
        ),
    ],
)
def test_a_stage_in_which_no_python_starts_is_one_sentence(buildx, stage, line, sentence):
    """That of `--builder` is checked, too, and one that is empty is no other image."""
    build = buildx.fails(f"{stage}\nFROM {BASE}\n{line}\n")
    assert f"error: {sentence}" in build.log
    assert marked(build.log)[1][0][1] == line


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--build-context=python:3.11-slim-bookworm=docker-image://python:3.12-slim-bookworm"], "--build-context"),
        (
            [
                "--build-arg=PYENV_PYTHON_IMAGE=mirror",
                "--build-context=mirror:3.11-slim-bookworm=docker-image://python:3.12-slim-bookworm",
            ],
            "PYENV_PYTHON_IMAGE",
        ),
    ],
)
def test_an_official_image_that_is_replaced_by_another_one(buildx, arguments, named):
    """It is checked as one of `--from` is; the sentence names the setting."""
    build = buildx.fails(f"FROM {BASE}\nPYENV 3.11 a\n", {}, *arguments)
    words = rf"error: \w+:3.11-slim-bookworm, which {named} names, has no /usr/local/bin/python3.11 but python3.12;"
    assert re.search(words, build.log)
    assert marked(build.log) == ("Dockerfile", [(3, "PYENV 3.11 a")])


def test_a_name_without_a_tag_is_looked_up_as_the_engine_does(buildx, engine):
    """`FROM name` means `name:latest`, and the ENV of that image is known."""
    name = "a-base-without-a-tag"
    image = buildx(f"# a base\nFROM {BASE}\nENV PYV=3.11\n", {}, syntax=False).image
    engine.run("tag", image, f"{name}:latest")
    try:
        for syntax in ("", "--check"):
            build = buildx(f"FROM {name}\nPYENV $PYV etl\n", {}, *([syntax] if syntax else []))
            assert "object required" not in build.log
            assert "ERROR" not in build.log
    finally:
        engine.run("image", "rm", f"{name}:latest")
