"""The user's file without its PYENVs or comments, in which every line keeps its number."""

import pytest

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.solve.subrequests.blanked_file import blanked, named_last_stage, without_comments
from pyenv_frontend.stages.analyze import read


def test_a_blanked_file_has_the_same_lines():
    """PYENVs with their heredocs and triggers are removed, and their variables are set in their place."""
    text = b"FROM x\nPYENV 3.8 a-b <<E\nsix\nE\nRUN y\nONBUILD PYENV 3.8 b\nPYENV wrong\nRUN z"
    text_without = blanked(read(parse(text), report=lambda _: None))
    assert text_without == b"FROM x\nENV ASTRO_PYENV_a-b=/ ASTRO_PYENV_a_b=/\n\n\nRUN y\n\n\nRUN z"


def test_an_expanded_pyenv_has_the_letter_case_of_the_file():
    """Docker's rule about the case of keywords counts all instructions."""
    text = b"from x\nPYENV 3.8 a\nrun y\n"
    assert blanked(read(parse(text))) == b"from x\nenv ASTRO_PYENV_a=/\nrun y\n"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b"FROM x\nRUN y\n", b"FROM x AS pyenv-frontend-target\nRUN y\n"),
        (b"from x\nfrom y \n", b"from x\nfrom y as pyenv-frontend-target \n"),
        (b"PYENV 1 a\nFROM --platform=p x\n", b"\nFROM --platform=p x AS pyenv-frontend-target\n"),
        (b"FROM x AS last\n", b"FROM x AS last\n"),
    ],
)
def test_the_last_stage_can_be_named_as_a_target(text, named):
    """The name is added to the FROM line, in its letter case."""
    text_without, target = named_last_stage(read(parse(text), report=lambda _: None))
    assert text_without == named
    assert target == ("last" if b"AS last" in text else "pyenv-frontend-target")


def test_comments_of_a_large_file_stay_behind():
    """Directives, settings of the linter, and comments within instructions or heredocs are kept."""
    settings = (
        b"# syntax=x\n# escape=`\nFROM x\n# check=skip=all\nRUN a `\n  # inside\n  b\nRUN <<E\n# in a heredoc\nE\n"
    )
    text = settings.replace(b"FROM x\n", b"# one\n  # two\nFROM x\n# three\n")
    assert without_comments(parse(text)) == settings.replace(b"FROM x\n", b"\n\nFROM x\n\n")
