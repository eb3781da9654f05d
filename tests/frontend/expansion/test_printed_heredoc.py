"""The lines of a heredoc in a print: what may be secret stays a variable."""

import pytest

from pyenv_frontend.errors import UserError
from tests.frontend.expansion.test_expand import expanded, program

FILE = "FROM debian:bookworm\nARG TOKEN=sesame\nARG HOST=a.example\nARG token=low\nARG VERSION=1.16.0\nPYENV{} 3.8 a {}"


def print_of(line, options="", *, standalone=False):
    source = FILE.format(options, f"<<EOF\n{line}\nEOF\n")
    text = expanded(source.encode(), to_print=True, standalone=standalone).source.decode()
    return "\n".join(row for row in text.splitlines() if not row.startswith(("#", "ARG")))


@pytest.mark.parametrize("standalone", [False, True])
def test_variables_in_addresses_stay(standalone):
    """Both installers fill in `${NAME}` there, so a print has no value of theirs."""
    text = print_of("--index-url https://me:$TOKEN@${HOST}/simple\nsix==$VERSION", standalone=standalone)
    assert "https://me:${TOKEN}@${HOST}/simple" in text
    assert "six==1.16.0" in text
    assert "sesame" not in text


@pytest.mark.parametrize(
    "line",
    [
        "x @ https://b/${TOKEN:-none}/x.zip",
        "six==${TOKEN}",
        "x @ https://${token}@b/x.zip",
        "$TOKEN # https://$TOKEN@b",
    ],
)
def test_a_secret_that_installers_do_not_fill_in_is_refused(line):
    """They take capitals without a default, in addresses; a build through the frontend takes them all."""
    with pytest.raises(
        UserError, match=r"the print would repeat (TOKEN|token), which has the name of a secret"
    ) as caught:
        print_of(line)
    assert caught.value.headline.startswith("Dockerfile:6:")
    assert program(FILE.format("", f"<<EOF\n{line}\nEOF\n").encode()).environments


def test_other_variables_are_expanded_in_the_print():
    """So they are where a variable has no value, has a default or is taken apart, and in a quoted heredoc none is."""
    text = print_of("x @ https://${HOST%.example}/${UNSET:-u}/${HOST}/x.zip")
    assert "https://a/u/a.example/x.zip" in text


def test_a_builders_stage_has_the_variables_too():
    """The stage that a print adds for `--builder` begins with the ARGs and ENVs of the PYENV's own."""
    source = "FROM debian:bookworm AS b\n" + FILE.format(" --builder=b", "<<EOF\nx @ https://$TOKEN@b/x.zip\nEOF\n")
    text = expanded(source.encode(), to_print=True).source.decode()
    assert "https://${TOKEN}@b/x.zip" in text
    assert "https://sesame" not in text


def test_a_trigger_has_no_variables_of_this_build():
    """When it fires, another build's hold."""
    source = FILE.format("", "").replace("PYENV 3.8 a ", "ONBUILD PYENV 3.8 a <<EOF\nx @ https://$HOST/x.zip\nEOF\n")
    assert "https://a.example/x.zip" in expanded(source.encode(), to_print=True).source.decode()
