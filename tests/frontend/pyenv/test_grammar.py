"""The grammar: which lines it accepts, where errors are reported, and that the generated parser is the same."""

import subprocess
import sys
import types
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyenv_frontend.pyenv import grammar
from pyenv_frontend.pyenv.grammar import LineSyntaxError, parse_line
from tools.grammar_parser import generate

PIECES = st.sampled_from(
    [
        "--",
        "--a",
        "--a=",
        "--a=b",
        "=",
        "3.8",
        "x",
        "a.txt",
        "<<EOF",
        "<<-'E F'",
        "<<",
        '"',
        "'",
        "\\",
        "`",
        " ",
        "\t",
        "$V",
    ]
)
LINES = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=20)


@pytest.fixture(scope="module")
def standalone():
    """Provide the parser that is generated for the image, and the base class of its errors."""
    module = types.ModuleType("made")
    sys.modules["made"] = module  # the generated module imports itself
    exec(compile(generate(), "made", "exec"), vars(module))  # noqa: S102 - our own generator's output
    return module.Lark_StandAlone(), module.UnexpectedInput


def outcome(text):
    try:
        return parse_line(text)
    except LineSyntaxError as error:
        return error.offset, error.expected


@settings(deadline=None)
@given(LINES)
def test_the_generated_parser_equals_the_dynamic_one(standalone, text):
    """The generated parser and the dynamic one agree on all valid and invalid lines."""
    now = outcome(text)
    load, grammar._load = grammar._load, lambda: standalone
    try:
        assert outcome(text) == now
    finally:
        grammar._load = load


@settings(deadline=None)
@given(LINES, st.sampled_from("\\`"))
def test_words_are_cut_out_of_the_line(text, escape):
    """Each word equals the text at its position, and positions increase."""
    try:
        line = parse_line(text, escape=escape)
    except LineSyntaxError as error:
        left = error.offset
        line = None
    if line is None:
        assert 0 <= left <= len(text)
        return
    words = [word for option in line.options for word in (option.name, option.value) if word is not None]
    words += [line.version, line.name, *sorted((*line.requirements, *line.heredocs), key=lambda word: word.start)]
    assert all(text[word.start : word.end] == word.text for word in words)
    assert all(before.end <= after.start for before, after in pairwise(words))
    outside = "".join(
        text[a:b] for a, b in zip([0, *(w.end for w in words)], [*(w.start for w in words), len(text)], strict=True)
    )
    assert set(outside) <= set(" \t\n\r\f\v-=")


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\"'\\`", exclude_categories=["Cs"]), min_size=1), max_size=5))
def test_quoted_words_stay_whole(words):
    """Quoted text is a single word."""
    line = parse_line(" ".join(["3.8", "x", *(f'"{word}"' for word in words)]))
    assert [word.text for word in line.requirements] == [f'"{word}"' for word in words]


def test_escape_decides():
    """Only the file's escape token protects a blank."""
    assert parse_line("3.8 x a\\ b").requirements[0].text == "a\\ b"
    assert [word.text for word in parse_line("3.8 x a\\ b", escape="`").requirements] == ["a\\", "b"]
    assert parse_line("3.8 x a` b", escape="`").requirements[0].text == "a` b"


@pytest.mark.parametrize(
    ("text", "offset", "expected"),
    [
        ("", 0, {"FLAG", "END", "VERSION"}),
        ("3.8", 3, {"_SPACE"}),
        ("3.8 'x", 4, {"NAME"}),
        ("3.8 x a 'b", 8, {"FILE", "HEREDOC"}),
        ("--a", 3, {"VALUE", "_SPACE"}),
    ],
)
def test_an_error_has_the_position_and_the_expected_words(text, offset, expected):
    """An error has the position and the expected words."""
    with pytest.raises(LineSyntaxError) as caught:
        parse_line(text)
    assert (caught.value.offset, caught.value.expected) == (offset, expected)


def test_the_generated_parser_logs_nothing():
    """What `logging` imports takes longer to load than the parser."""
    assert "logging" not in generate()


def test_light_to_import():
    """Importing the language's modules does not import lark, packaging or other slow modules."""
    code = "import sys, pyenv_frontend.pyenv, pyenv_frontend.inputs.resolve; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"lark", "packaging", "packaging.version", "tomllib", "difflib", "shlex", "logging"} & {*loaded}
