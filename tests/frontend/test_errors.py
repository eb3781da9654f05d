"""Error messages as users see them."""

import pytest

from pyenv_frontend.errors import WIDEST, PyenvError, UsageError, UserError, nearest
from pyenv_frontend.positions import Location, SourceFile, Span


def at(data: bytes, what: bytes, name: str = "Dockerfile") -> Location:
    start = data.index(what)
    return Location(SourceFile(name, data), Span(start, start + len(what)))


def test_an_error_names_place_line_expectation_and_hint():
    """The message has the file, line, column, an excerpt with a caret, the expectation and a hint."""
    data = b"FROM x\nPYENV --instaler=uv 3.8 x\n"
    error = UserError(
        "PYENV has no option --instaler",
        at(data, b"--instaler"),
        expected="an option of PYENV",
        hint="--installer",
    )
    assert str(error) == (
        "Dockerfile:2:7: PYENV has no option --instaler\n"
        "    2 | PYENV --instaler=uv 3.8 x\n"
        "      |       ^^^^^^^^^^\n"
        "expected: an option of PYENV\n"
        "hint: --installer"
    )


def test_tabs_and_wide_characters_keep_the_caret_in_place():
    """Tabs are repeated before the caret, and control characters take one column."""
    shown = str(UserError("no", at(b"\t\xc3\xa9\x00\xffX", b"X")))
    assert shown == "Dockerfile:1:5: no\n    1 | \t\u00e9\ufffd\ufffdX\n      | \t   ^"


def test_a_stretch_over_lines_is_underlined_to_the_end_of_the_first():
    """The excerpt is a single line."""
    assert str(UserError("no", at(b"a bc\nd\n", b"bc\nd"))).endswith("    1 | a bc\n      |   ^^")


def test_a_place_behind_the_end_of_a_line_gets_one_caret():
    """A missing word is shown after the end of the line."""
    location = Location(SourceFile("f", b"ab\n"), Span(2, 2))
    assert str(UserError("more", location)).endswith("    1 | ab\n      |   ^")


def test_a_long_line_is_cut_around_the_place():
    """The excerpt of a line with sixty thousand characters is short."""
    shown = str(UserError("no", at(b"x" * 30000 + b"HERE" + b"y" * 30000, b"HERE")))
    line, carets = shown.splitlines()[1:]
    assert len(line) < 200
    assert line[carets.index("^") : carets.rindex("^") + 1] == "HERE"
    assert carets.index("^") == len("    1 | ") + WIDEST // 2


def test_a_stretch_wider_than_what_is_shown_is_underlined_to_its_end():
    """No caret is placed after the end of the excerpt."""
    line, carets = str(UserError("no", at(b"ab" + b"x" * 500, b"x" * 500))).splitlines()[1:]
    assert len(line) == len(carets)
    assert carets.endswith("| " + "  " + "^" * (WIDEST - 2))


def test_further_places_follow():
    """A conflict shows both locations."""
    data = b"PYENV 3.8 a\nPYENV 3.9 a\n"
    second = Location(SourceFile("Dockerfile", data), Span(22, 23))
    shown = str(UserError("a twice", second, at(data, b"a")))
    assert "also at Dockerfile:1:11:\n    1 | PYENV 3.8 a" in shown


def test_an_error_without_a_place_is_its_message():
    """Usage errors have no line."""
    assert str(UserError("no Dockerfile")) == UserError("no Dockerfile").headline == "no Dockerfile"


@pytest.mark.parametrize(("kind", "code"), [(UserError, 1), (UsageError, 64), (PyenvError, 70)])
def test_exit_codes(kind, code):
    """The code is 1 for the user's file, 64 for usage, and 70 for a defect."""
    assert kind("x").exit_code == code


def test_near_misses():
    """Small typing mistakes are recognized, and unrelated words are not."""
    assert nearest("instaler", ["installer", "constraint"]) == "installer"
    assert nearest("INSTALLER", ["installer"]) == "installer"
    assert nearest("zzz", ["installer"]) == ""
