"""Errors that are not about PYENV are reported as without our frontend: messages, lines, warnings and hints."""

import re

import pytest

from tests.e2e.test_messages import marked

BASE = "python:3.13-slim-bookworm"
MISSING = "127.0.0.1:1/nothing:1"


pytestmark = pytest.mark.images(BASE)


def last_error(build):
    """Return the last error message, without the client's varying prefix."""
    return re.split(r"ERROR: failed to build: failed to (?:solve|run Build function): ", build.log)[-1].strip()


def without_pyenv(text):
    """Replace each PYENV by a blank line, so that Docker's own frontend can read the file."""
    return re.sub(r"(?m)^PYENV .*$", "", text)


def warnings(build):
    """Return the warnings of a build."""
    return sorted(re.findall(r"^ - (\w+: .*\(line \d+\))$", re.sub(r"\x1b\[\d+m", "", build.log), re.MULTILINE))


CASES = {
    "the second of two stages on one missing image is the one that is built": (
        f"FROM {MISSING} AS first\nRUN true\nFROM {MISSING}\nPYENV 3.11 a\n", [4],
    ),
    "a FROM without an image": (f"FROM {BASE} AS first\nFROM\nPYENV 3.11 a\n", [3]),
    "a variable that has no value": ("ARG BASE\nFROM ${BASE}\nPYENV 3.11 a\n", [3]),
    "a variable with a typing error": (
        "ARG MY_BASE=x\nFROM --platform=$MY_BSE ${MY_BASE}\nPYENV 3.11 a\n", [3],
    ),
    "an empty name": ('FROM "" AS foo\nPYENV 3.11 a\n', [2]),
    "a mistake that stands before a missing image": (f"RUNN true\nFROM {MISSING}\nPYENV 3.11 a\n", [2]),
    "a mistake behind a missing image": (f"FROM {MISSING}\nRUNN true\nPYENV 3.11 a\n", [3]),
    "a mistake in front of a wrong PYENV": (f"FROM {BASE}\nRUNN true\nPYENV 2.99 a\n", [3]),
    "warnings of a file whose image is missing": (f"from {MISSING}\nPYENV 3.11 a\nMAINTAINER me\n", [2]),
    "a step that fails for a user that nobody has made": (f"FROM {BASE}\nUSER nobodyy\nRUN true\nPYENV 3.13 a\n", [4]),
    "a check option that is wrong": (f"# check=skip=Nosuch;error=maybe\nFROM {BASE}\nPYENV 3.13 a\n", []),
    "a stage that is not there": (f"FROM {BASE}\nPYENV 3.11 a\nCOPY --from=9 / /\n", []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_error_is_dockers_own(buildx, case):
    """The message, the marked lines and the warnings are those of the file without the PYENV."""
    text, lines = CASES[case]
    ours = buildx.fails(text)
    dockers = buildx.fails(f"# escape=\\\n{without_pyenv(text)}", {}, syntax=False)
    assert last_error(ours).splitlines()[-1] == last_error(dockers).splitlines()[-1]
    marks = marked(ours.log)[1], marked(dockers.log)[1]
    assert [[number for number, _ in marks_of_one] for marks_of_one in marks] == [lines, lines]
    assert warnings(ours) == warnings(dockers)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# \xe9\nPYENV 3.13 a\nRUN\xe9 true\n", 5),
        ("PYENV 3.13 a\nRUN echo \xe9\n", 4),
        ("RUN\xe9 true\n", 3),
    ],
)
def test_bytes_that_the_engine_cannot_repeat(buildx, text, line):
    """Its own error does not arrive, or has no line; ours has it. In a comment, any byte is fine."""
    dockerfile = f"# syntax={buildx.frontend}\nFROM {BASE}\n{text}".encode("latin-1")
    build = buildx.fails("", {"Dockerfile": dockerfile})
    assert re.fullmatch(
        rf"Dockerfile is not text in UTF-8: byte \d+, in line {line}. Save it as UTF-8", last_error(build)
    )
    assert [number for number, _ in marked(build.log)[1]] == [line]


def test_a_pyenv_without_from_has_our_own_message(buildx):
    """Without the PYENV, the file would be empty for Docker's frontend."""
    build = buildx.fails("PYENV 3.11 a\n")
    assert "PYENV comes before the first FROM" in last_error(build)
    assert marked(build.log)[1] == [(2, "PYENV 3.11 a")]
