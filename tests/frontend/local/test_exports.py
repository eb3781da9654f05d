"""The printed variables are read back by the programs that they are meant for."""

import json
import subprocess

import pytest

from pyenv_frontend.local.exports import FORMATS

VALUES = ["/plain/path", "/with blank/x", "/it's", '/"quoted"', "/$HOME/`id`", "/back\\slash", "/ü/é"]


@pytest.mark.parametrize("value", VALUES)
def test_a_shell_reads_back_the_original_value(value: str):
    """No value is interpreted by the shell."""
    script = FORMATS["sh"]({"ASTRO_PYENV_x": value}) + 'printf %s "$ASTRO_PYENV_x"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout.decode() == value


@pytest.mark.parametrize("form", ["sh", "fish", "dotenv"])
def test_a_name_with_a_dash_is_left_to_its_twin(form: str):
    """Shell variables cannot have dashes in their names."""
    text = FORMATS[form]({"ASTRO_PYENV_a-b": "/p", "ASTRO_PYENV_a_b": "/p"})
    assert text.count("ASTRO_PYENV") == 1
    assert "ASTRO_PYENV_a_b" in text


def test_json_has_every_spelling():
    """The provider uses both spellings."""
    both = {"ASTRO_PYENV_a-b": "/p", "ASTRO_PYENV_a_b": "/p"}
    assert json.loads(FORMATS["json"](both)) == both


@pytest.mark.parametrize(
    ("value", "line"),
    [("/plain/path", "/plain/path"), ("/a b", "'/a b'"), ("/it's $x", '"/it\'s \\$x"')],
)
def test_dotenv_quotes_only_where_it_must(value: str, line: str):
    """`docker run --env-file` treats quotes as part of the value."""
    assert FORMATS["dotenv"]({"X": value}) == f"X={line}\n"


@pytest.mark.parametrize("value", VALUES)
def test_fish_escapes_the_quote_and_the_backslash(value: str):
    """In single quotes, fish treats the quote and the backslash specially."""
    quoted = FORMATS["fish"]({"X": value}).removeprefix("set -gx X '").removesuffix("'\n")
    assert quoted.replace("\\'", "'").replace("\\\\", "\\") == value
