"""The printed variables, read back by what they are printed for."""

import json
import subprocess

import pytest

from pyenv_frontend.local.exports import FORMATS

VALUES = ["/plain/path", "/with blank/x", "/it's", '/"quoted"', "/$HOME/`id`", "/back\\slash", "/ü/é"]


@pytest.mark.parametrize("value", VALUES)
def test_a_shell_reads_back_what_was_meant(value: str):
    """No value reaches the shell as anything but itself."""
    script = FORMATS["sh"]({"ASTRO_PYENV_x": value}) + 'printf %s "$ASTRO_PYENV_x"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout.decode() == value


@pytest.mark.parametrize("form", ["sh", "fish", "dotenv"])
def test_a_name_with_a_dash_is_left_to_its_twin(form: str):
    """Shells have no variables with a dash in the name."""
    text = FORMATS[form]({"ASTRO_PYENV_a-b": "/p", "ASTRO_PYENV_a_b": "/p"})
    assert text.count("ASTRO_PYENV") == 1
    assert "ASTRO_PYENV_a_b" in text


def test_json_has_every_spelling():
    """The provider knows both."""
    both = {"ASTRO_PYENV_a-b": "/p", "ASTRO_PYENV_a_b": "/p"}
    assert json.loads(FORMATS["json"](both)) == both


@pytest.mark.parametrize(
    ("value", "line"),
    [("/plain/path", "/plain/path"), ("/a b", "'/a b'"), ("/it's $x", '"/it\'s \\$x"')],
)
def test_dotenv_quotes_only_where_it_must(value: str, line: str):
    """`docker run --env-file` takes quotes for a part of the value."""
    assert FORMATS["dotenv"]({"X": value}) == f"X={line}\n"


@pytest.mark.parametrize("value", VALUES)
def test_fish_escapes_its_two_characters(value: str):
    """Between single quotes, fish knows the quote and the backslash."""
    quoted = FORMATS["fish"]({"X": value}).removeprefix("set -gx X '").removesuffix("'\n")
    assert quoted.replace("\\'", "'").replace("\\\\", "\\") == value
