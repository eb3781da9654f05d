"""White space as BuildKit sees it, on bytes.

Three notions live side by side in its parser, and each decides something: all of Unicode's (around instructions),
a set of ASCII (between keyword and arguments), and blanks (behind a continuation). Python's own notions differ from
all three: `bytes.strip` knows no U+00A0, `str.isspace` counts U+001C.
"""

from __future__ import annotations

import re

__all__ = ["BETWEEN_WORDS", "SPACES", "is_space", "skip_space", "trim_end"]

BETWEEN_WORDS = re.compile(rb"[\t\v\f\r ]+")
"""What separates the keyword from its arguments."""

SPACES = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))))
"""The characters of Unicode's White_Space."""

_WIDE = tuple(char.encode() for char in SPACES if char > "\x7f")
# SPACES in UTF-8; spelt out, since every build compiles it.
_LEADING = re.compile(
    rb"(?:[\t-\r ]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80)*"
)
_ASCII = b"\t\n\v\f\r "


def is_space(char: str) -> bool:
    """Return whether one character is white space by Unicode's property."""
    return char in SPACES


def skip_space(data: bytes, start: int, end: int) -> int:
    """Return the offset of the first byte in `start..end` that is not part of white space, or `end`."""
    match = _LEADING.match(data, start, end)
    return match.end() if match else start


def trim_end(data: bytes) -> int:
    """Return the length of `data` without the white space at its end."""
    data = data.rstrip(_ASCII)
    while data.endswith(_WIDE):
        data = next(data[: -len(wide)] for wide in _WIDE if data.endswith(wide)).rstrip(_ASCII)
    return len(data)
