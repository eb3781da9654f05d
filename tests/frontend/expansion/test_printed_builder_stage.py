"""Differences between a printed file and a build: stages for `--builder`, and text for other programs."""

import os
from pathlib import Path

import pytest

from pyenv_frontend import dockerfile
from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion.printed_builder_stage import printed_builder_stages
from pyenv_frontend.stages.analyze import read
from tests.frontend.expansion.test_expand import expanded

CASES = Path(__file__).parent / "printed"


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_golden(case):
    """The result equals the golden file, and printing it again changes nothing. (`UPDATE_GOLDEN=1` updates it.)"""
    result = expanded((case / "Dockerfile").read_bytes(), to_print=True)
    if os.environ.get("UPDATE_GOLDEN"):
        (case / "expanded").write_bytes(result.source)
    assert result.source == (case / "expanded").read_bytes()
    assert expanded(result.source, to_print=True).source == result.source
    assert len(result.lines) == len(result.source.splitlines())


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_every_other_line_stays(case):
    """All lines of the user remain in order, and new stages are inserted between lines."""
    source = (case / "Dockerfile").read_bytes()
    pyenvs = {
        line
        for environment in read(dockerfile.parse(source)).environments
        for line in environment.pyenv.instruction.lines.numbers()
    }
    rest = [text for line, text in enumerate(source.splitlines(), 1) if line not in pyenvs]
    printed = iter(expanded(source, to_print=True).source.splitlines())
    assert all(any(text == other for other in printed) for text in rest)


def test_the_comment_above_from_stays_above_it():
    """A stage is inserted before comments of the next FROM, such as `# check=`."""
    source = b"FROM debian:bookworm AS c\n\n# about\n# check=skip=all\nFROM debian:bookworm\nPYENV --builder=c 3.8 a\n"
    lines = expanded(source, to_print=True).source.splitlines()
    place = lines.index(b"FROM debian:bookworm")
    assert lines[place - 2 : place] == [b"# about", b"# check=skip=all"]
    assert lines.index(b"FROM c AS pyenv-a") < place


def test_names_of_stages_are_free():
    """The name of an inserted stage is unique regardless of letter case."""
    source = (CASES / "builders-and-settings" / "Dockerfile").read_bytes()
    stages = printed_builder_stages(read(dockerfile.parse(source)))
    assert [stage.name for stage in stages.values()] == ["pyenv-a-2", "pyenv-a-3", "pyenv-a-4"]


def test_a_builder_with_carriage_returns():
    """Repeated settings keep their line ends."""
    source = b"FROM debian:bookworm AS c\r\nFROM debian:bookworm\r\nENV A=1 \\\r\n  B=2\r\nPYENV --builder=c 3.8 a\r\n"
    assert expanded(source, to_print=True).source.count(b"ENV A=1 \\\r\n  B=2\r\n") == 2


TWO = b"FROM debian:bookworm AS c\nFROM debian:bookworm AS d\nPYENV --builder=c 3.8 a\nFROM debian:bookworm\n"
REFUSED = {
    "an ONBUILD in the builder": (
        b"FROM debian:bookworm AS c\nONBUILD RUN x\nFROM debian:bookworm\nPYENV --builder=c 3.8 a\n",
        "4:7: the stage c has an ONBUILD",
    ),
    "COPY of a later stage by number": (
        TWO + b"COPY --from=1 /x /x\n",
        "5:6: this counts stages",
    ),
    "a mount of a later stage by number": (
        TWO + b"RUN --mount=target=/x,from=1 true\n",
        "5:5: this counts stages",
    ),
    "an interpreter of a later stage by number": (
        TWO + b"PYENV --from=1 3.8 b\n",
        "5:7: this counts stages",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_print_cannot_express_is_refused(case):
    """The error has the position, the reason and a hint; a build with the frontend accepts the file."""
    source, headline = REFUSED[case]
    with pytest.raises(UserError) as caught:
        expanded(source, to_print=True)
    assert caught.value.headline.startswith(f"Dockerfile:{headline}")
    assert caught.value.hint
    assert expanded(source).source


def test_numbers_of_stages_before_are_right_as_they_are():
    """A number smaller than those of all inserted stages is still valid."""
    source = (
        b"FROM debian:bookworm AS c\nFROM debian:bookworm\nCOPY --from=0 /x /x\nPYENV --builder=c 3.8 a\n"
        b"FROM debian:bookworm\nCOPY --from=0 /x /x\n"
    )
    assert expanded(source, to_print=True).source.count(b"COPY --from=0 /x /x\n") == 2
