"""Patterns of variables: what they match, and how long this takes."""

import itertools

import pytest

from pyenv_frontend.dockerfile import glob


def ends(value, pattern):
    """Yield each end of a match at the start of a value, by a simple definition."""
    if not pattern:
        return {0}
    first, rest = pattern[0], pattern[1:]
    if first == "*":
        matched = ends(value, rest)
        if value and value[0] != "\n":
            matched |= {1 + end for end in ends(value[1:], pattern)}
        return matched
    if value and (value[0] == first or (first == "?" and value[0] != "\n")):
        return {1 + end for end in ends(value[1:], rest)}
    return set()


VALUES = ["".join(chars) for length in range(5) for chars in itertools.product("ab\n", repeat=length)]
PATTERNS = ["".join(chars) for length in range(5) for chars in itertools.product("ab*?", repeat=length)]


@pytest.mark.parametrize("longest", [True, False])
def test_every_small_pattern_on_every_small_value(longest):
    """The shortest and the longest match at either end equal those of the definition."""
    pick = max if longest else min
    for pattern, value in itertools.product(PATTERNS, VALUES):
        matches = ends(value, pattern)
        expected = value[pick(matches) :] if matches else value
        assert glob.trim_prefix(value, pattern, longest=longest) == expected, (pattern, value)
        backwards = glob.trim_suffix(value[::-1], pattern[::-1], longest=longest)
        assert backwards == expected[::-1], (pattern, value)


@pytest.mark.parametrize(
    ("value", "pattern", "every", "expected"),
    [
        ("a.b.c", ".", False, "a-b.c"),
        ("a.b.c", ".", True, "a-b-c"),
        ("aXbXc", "X*", False, "a-"),
        ("abc", "*", True, "-"),
        ("", "*", True, "-"),
        ("abc", "z", True, "abc"),
        ("a\nb", "*", True, "-\n-"),
        ("a*b", r"\*", True, "a-b"),
    ],
)
def test_replacing(value, pattern, every, expected):
    """The longest match is replaced, once or everywhere."""
    assert glob.replace(value, pattern, lambda _: "-", every=every) == expected


@pytest.mark.timeout(30)
@pytest.mark.parametrize("pattern", ["*a" * 20 + "b", "?*" * 20 + "b", "*" * 50 + "b", "a*" * 30 + "\\*"])
def test_no_pattern_is_slow(pattern):
    """These patterns are slow in implementations with backtracking."""
    value = "a" * 60_000
    assert glob.trim_prefix(value, pattern, longest=True) == value
    assert glob.trim_prefix(value, pattern, longest=False) == value
