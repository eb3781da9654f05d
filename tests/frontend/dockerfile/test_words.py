"""Words are split and expanded as by the engine."""

import pytest

from pyenv_frontend.dockerfile import words
from pyenv_frontend.dockerfile.lexer import DEEPEST
from pyenv_frontend.dockerfile.words import WordError
from pyenv_frontend.positions import Logical, SourceFile, Span

ENV = {
    "A": "aaa",
    "EMPTY": "",
    "V": "1.2.3.tar.gz",
    "SP": "x y",
    "PATH": "/usr/bin:/bin",
    "D": "$A",
    "T": "<${0}$0$$$1>",
    "\u00e9": "accent",
}


def logical(text: str) -> Logical:
    data = text.encode("utf-8", "surrogateescape")
    return Logical(SourceFile("Dockerfile", data), (Span(0, len(data)),))


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("plain", "plain"),
        ("a'b c'd", "ab cd"),
        ('a"b c"d', "ab cd"),
        (r"a\ b\'c", "a b'c"),
        (r'"a\"b\$A\\c\d"', r'a"b$A\c\d'),
        (r"'a\'", "a\\"),
        ("end\\", "end"),
        ('"end\\n"', "end\\n"),
        ("$A$A", "aaaaaa"),
        ("$A-b", "aaa-b"),
        ("${A}b", "aaab"),
        ("$NO.", "."),
        ("\\$A", "$A"),
        ("'$A'", "$A"),
        ('"$A"', "aaa"),
        ("$D", "$A"),
        ("$SP", "x y"),
        ("$", "$"),
        ("a$.b", "a$.b"),
        ("$1x$@y$$z", "xyz"),
        ("$12a", "a"),
        ("$\u00e9", "accent"),
        ("${A:-x}${EMPTY:-x}${NO:-x}", "aaaxx"),
        ("${A-x}${EMPTY-x}${NO-x}", "aaax"),
        ("${A:+x}${EMPTY:+x}${NO:+x}", "x"),
        ("${A+x}${EMPTY+x}${NO+x}", "xx"),
        ("${A:?x}${EMPTY?x}", "aaa"),
        ("${NO:-${NO:-$A}}", "aaa"),
        ("${NO:-'a}b'}", "a}b"),
        (r"${NO:-a\}b}", "a}b"),
        ("${V#1.}", "2.3.tar.gz"),
        ("${V#*.}", "2.3.tar.gz"),
        ("${V##*.}", "gz"),
        ("${V%.*}", "1.2.3.tar"),
        ("${V%%.*}", "1"),
        ("${V#nothing}", "1.2.3.tar.gz"),
        ("${V%nothing}", "1.2.3.tar.gz"),
        ("${V#?.?}", ".3.tar.gz"),
        ("${V#$NO}", "1.2.3.tar.gz"),
        ("${V/./-}", "1-2.3.tar.gz"),
        ("${V//./-}", "1-2-3-tar-gz"),
        ("${V//[0-9]/}", "1.2.3.tar.gz"),
        (r"${PATH//\//-}", "-usr-bin:-bin"),
        ("${PATH/:*/}", "/usr/bin"),
        ("${A//a/b$A}", "baaabaaabaaa"),
        ("${A//*/x}", "x"),
        ("${A///x}", "xaxaxax"),
        (r"${A//a/\$0}", "\\a\\a\\a"),
        ("${V//./$T}", "1<..$>2<..$>3<..$>tar<..$>gz"),
        ("${V/./$T}", "1<${0}$0$$$1>2.3.tar.gz"),
        ("${A//b/x}${NO//*/x}", "aaax"),
        ("<<EOF", "<<EOF"),
        ("a << b", "a << b"),
        ("\udcff", "\ufffd"),
    ],
)
def test_a_word_expands(word, value):
    """The escape token is the backslash."""
    assert words.expand(logical(word), ENV.get, b"\\").value == value


@pytest.mark.parametrize(
    ("word", "value"),
    [(r"C:\dir\$A", "C:\\dir\\aaa"), ("`$A", "$A"), ('"`""', '"'), ("a` b", "a b"), (r"${NO:-a`}b}", "a}b")],
)
def test_under_the_backtick_a_backslash_is_plain(word, value):
    """`# escape=` also changes the escape token in words."""
    assert words.expand(logical(word), ENV.get, b"`").value == value


@pytest.mark.parametrize(
    ("word", "message", "caret"),
    [
        ("ab 'c", "this single quote is never closed", "'c"),
        ('ab "c', "this double quote is never closed", '"c'),
        ("a${A", "} is missing", "${A"),
        ("a${", "this is not a variable", "${"),
        ("a${}", "this is not a variable", "${"),
        ("${:-a}", "this is not a variable", "${"),
        ("${A:=x}", "a variable has no modifier :=", "${A:="),
        ("${A,}", "a variable has no modifier ,", "${A,"),
        ("${A:#x}", "a variable has no modifier :#", "${A:#"),
        ("${NO:?}", "NO: must not be unset", "${NO:?}"),
        ("${EMPTY:?}", "EMPTY: must not be empty", "${EMPTY:?}"),
        ("${NO?give a version}", "NO: give a version", "${NO?give a version}"),
        ("x${NO:-a", "} is missing", "a"),
        ("${A/b", "/ is missing", "b"),
        (r"${A#\x}", r"\x is not an escape of patterns: \* \? \\ \} and \/ are", r"${A#\x}"),
        (r"${A/\x/y}", r"\x is not an escape of patterns: \* \? \\ \} and \/ are", r"${A/\x/y}"),
    ],
)
def test_a_wrong_word_is_pointed_at(word, message, caret):
    """The message has the reason, and its position is that of the mistake."""
    text = logical(word)
    with pytest.raises(WordError) as caught:
        words.expand(text, ENV.get, b"\\")
    assert caught.value.message == message
    span = caught.value.locations[0].span
    assert text.file.data[span.start : span.end].decode() == caret


def test_a_place_behind_wide_characters_is_counted_in_bytes():
    """Offsets refer to the bytes of the file, not to decoded text."""
    text = logical("\u00e9\udcff\U0001f40d'x")
    with pytest.raises(WordError) as caught:
        words.expand(text, ENV.get, b"\\")
    assert caught.value.locations[0].span == Span(7, 9)
    assert caught.value.locations[0].position == (1, 4)


def test_expansion_reports_the_variables_that_it_used():
    """Set and unset variables are reported separately, including those in defaults that are not used."""
    expanded = words.expand(logical("$A ${NO:-$EMPTY} ${A:-$OTHER}"), ENV.get, b"\\")
    assert (expanded.used, expanded.unset) == ({"A", "EMPTY"}, {"NO", "OTHER"})


def test_nesting_is_bounded():
    """A hundred levels are accepted, and one more is refused."""
    deep = "${NO:-" * DEEPEST + "x" + "}" * DEEPEST
    assert words.expand(logical(deep), {}.get, b"\\").value == "x"
    with pytest.raises(WordError, match="100 levels"):
        words.expand(logical("${NO:-" + deep + "}"), {}.get, b"\\")


def test_a_heredoc_body_has_plain_quotes():
    """Only variables and the backslash are special in it."""
    body = logical("it's \"$A\" \\$A `x`\n<<EOF ${NO:-'q'}\n")
    assert words.expand_heredoc(body, ENV.get).value == "it's \"aaa\" $A `x`\n<<EOF 'q'\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  ", []),
        ("a  b\tc", ["a", "b", "c"]),
        ("a'b c' \"d e\"f", ["a'b c'", '"d e"f']),
        ("a\\ b c\\\\ d", ["a\\ b", "c\\\\", "d"]),
        ("a'b\\' c", ["a'b\\'", "c"]),
        ('a"b\\" c" d', ['a"b\\" c"', "d"]),
        ("'' \"\" x", ["''", '""', "x"]),
        ("a 'never closed b", ["a", "'never closed b"]),
        ("a b\\", ["a", "b"]),
        ("a \\", ["a"]),
        ("a\u00a0b\u3000\u00e9", ["a", "b", "\u00e9"]),
        ("a\x1cb", ["a\x1cb"]),
    ],
)
def test_words_split_outside_quotes(text, expected):
    """Quotes and escapes remain part of the words."""
    assert [word.text.decode() for word in words.split(logical(text), b"\\")] == expected


def test_fields_split_inside_quotes():
    """FROM and COPY do not support quotes."""
    assert [field.text for field in words.fields(logical('"a b"  c'))] == [b'"a', b'b"', b"c"]
    assert words.fields(logical("")) == ()


@pytest.mark.parametrize(
    ("text", "legacy", "expected"),
    [
        ("a=1 b='2 3'", True, [("a", "1"), ("b", "'2 3'")]),
        ("a b=c  d", True, [("a", "b=c  d")]),
        ("a", True, [("a", None)]),
        ("a b=c d", False, [("a", None), ("b", "c"), ("d", None)]),
        ("a= b==", False, [("a", ""), ("b", "=")]),
        ("=x", False, [("", "x")]),
    ],
)
def test_assignments(text, legacy, expected):
    """Pairs, names alone for ARG, and the old form of ENV are read."""
    assignments = words.assignments(logical(text), b"\\", legacy=legacy)
    assert [(one.name.text, None if one.value is None else one.value.text) for one in assignments] == [
        (name.encode(), None if value is None else value.encode()) for name, value in expected
    ]
