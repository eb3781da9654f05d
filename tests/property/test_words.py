"""Properties of splitting and expanding words."""

from hypothesis import given
from hypothesis import strategies as st

from pyenv_frontend.dockerfile import glob, words
from pyenv_frontend.errors import UserError
from pyenv_frontend.positions import Logical, SourceFile, Span

PIECES = (
    "$A", "${A}", "${A", "${NO", "$NO", "}", ":-", ":+", "-", "+", ":?", "?", "#", "##", "%", "%%", "/", "//", "*", ".",
    "a", "'", '"', "\\", "`", "$", "{", "<", "<< ", " ", "\u00e9", "1", "@", "\\*", "\\}", "\ufeff",
)  # fmt: skip
texts = st.one_of(
    st.binary(max_size=40), st.lists(st.sampled_from(PIECES), max_size=12).map(lambda p: "".join(p).encode())
)
escapes = st.sampled_from([b"\\", b"`"])
plain = st.text(st.characters(blacklist_characters="$'\"\\`<\ufeff", blacklist_categories=["Cs"]), max_size=20)


def logical(text: bytes) -> Logical:
    """Return a text with gaps at the start, in the middle and at the end."""
    middle = len(text) // 2
    file = SourceFile("Dockerfile", b"--" + text[:middle] + b"\\\n" + text[middle:] + b"\n")
    return Logical(file, (Span(2, 2 + middle), Span(4 + middle, 4 + len(text))))


@given(texts, escapes)
def test_expansion_gives_a_text_or_an_error_inside_the_word(text, escape):
    """An input must not raise anything else, and the error's location is inside the word."""
    word = logical(text)
    try:
        expanded = words.expand(word, {"A": "aaa"}.get, escape)
    except UserError as error:
        refused = error
    else:
        assert not expanded.used & expanded.unset
        expanded.value.encode()
        return
    (location,) = refused.locations
    assert word.span.start <= location.span.start <= location.span.end <= word.span.end
    assert refused.format().startswith("Dockerfile:")


@given(plain, escapes)
def test_a_plain_text_expands_to_itself(text, escape):
    """A text without special characters is unchanged."""
    assert words.expand(logical(text.encode()), {}.get, escape).value == text


@given(st.text(max_size=20), escapes)
def test_a_value_is_filled_in_as_it_is(value, escape):
    """Quotes, dollars and escape tokens in a value are not special."""
    value = value.encode(errors="ignore").decode()
    assert words.expand(logical(b"<$A>"), {"A": value}.get, escape).value == f"<{value}>"
    assert words.expand(logical(b'"${A:-x}"'), {"A": value}.get, escape).value == (value or "x")


@given(texts, escapes)
def test_words_are_the_text_but_for_the_white_space_between(text, escape):
    """Words are in order and do not overlap; the rest is white space or an escape token at the end."""
    whole = logical(text)
    position, rest = 0, b""
    for word in words.split(whole, escape):
        assert word.text
        start = text.index(word.text, position)
        assert word.offset(0) == whole.offset(start)
        rest += text[position:start]
        position = start + len(word.text)
    rest += text[position:]
    left = rest.decode("utf-8", "surrogateescape").removesuffix(escape.decode())
    assert not left.strip().strip("\x1c\x1d\x1e\x1f")


@given(st.text("ab*?", max_size=6), st.text("ab", max_size=8))
def test_cutting_agrees_with_a_search_of_all_prefixes(pattern, value):
    """The automaton finds the same shortest and longest prefixes as a simple definition of matching."""
    ends = [end for end in range(len(value) + 1) if matches(pattern, value[:end])]
    longest, shortest = (value[max(ends) :], value[min(ends) :]) if ends else (value, value)
    assert glob.trim_prefix(value, pattern, longest=True) == longest
    assert glob.trim_prefix(value, pattern, longest=False) == shortest
    assert glob.trim_suffix(value[::-1], pattern[::-1], longest=True) == longest[::-1]
    assert glob.trim_suffix(value[::-1], pattern[::-1], longest=False) == shortest[::-1]


def matches(pattern: str, value: str) -> bool:
    """Tell whether a pattern matches a whole value, by the definition."""
    if not pattern:
        return not value
    if pattern[0] == "*":
        return matches(pattern[1:], value) or bool(value and matches(pattern, value[1:]))
    return bool(value) and pattern[0] in {"?", value[0]} and matches(pattern[1:], value[1:])
