"""Parser directives: `# syntax=`, `# escape=` and `# check=` at the top of a file.

BuildKit reads them in two places with two sets of quirks, and both are kept:

- its parser takes them line by line, white space before the `#` allowed; a shebang is a comment to it and so ends
  the directives. Only `escape` means something there. `DirectiveReader` is that one.
- its detection (which frontend? which checks?) wants the `#` in the first column, skips a shebang, and for
  `syntax` falls back to `// syntax=` and to a JSON object. `detect` and `detect_syntax` are that one.

A repeated directive or an invalid escape is an error of the build; we keep the line as a comment and
let the engine say so, since the line is in what we hand on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyenv_frontend.dockerfile.whitespace import skip_space

__all__ = ["DEFAULT_ESCAPE", "Detected", "DirectiveReader", "detect", "detect_syntax"]

DEFAULT_ESCAPE = b"\\"

_ENTRY = re.compile(rb"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=([^\n]+)")
_KNOWN = frozenset({"syntax", "escape", "check"})
_BLANKS = b"\t\n\f\r "
_BOM = b"\xef\xbb\xbf"


def _entry(line: bytes, comment: bytes) -> tuple[str, bytes] | None:
    """Read `<comment> key = value` where the key is a known one."""
    if not line.startswith(comment):
        return None
    match = _ENTRY.match(line, skip_space(line, len(comment), len(line)))
    if not match or match.end() != len(line):
        return None
    name, raw = match[1].decode().lower(), match[2]
    # A value of blanks only is its last blank: that is what BuildKit's pattern, which wants one character, leaves.
    value = raw.strip(_BLANKS) or raw[-1:]
    return (name, value) if name in _KNOWN else None


class DirectiveReader:
    """Read directives line by line, up to the first other line.

    Args:
        comment: what starts a directive's line.
    """

    __slots__ = ("_comment", "_seen", "done")

    def __init__(self, comment: bytes = b"#") -> None:
        self._comment = comment
        self._seen: set[str] = set()
        self.done = False
        """No further line can be a directive."""

    def read(self, line: bytes) -> tuple[str, bytes] | None:
        """Return name and value if the line (without its end) is a directive, else end the directives."""
        entry = None if self.done else _entry(line, self._comment)
        if entry is None or entry[0] in self._seen:
            self.done = True
            return None
        self._seen.add(entry[0])
        return entry


@dataclass(frozen=True, slots=True)
class Detected:
    """A directive found at the top of a file."""

    value: bytes
    """All of the value: for `syntax` the image and the free text behind it."""
    line: int
    """The line it stands on, from 1; for the JSON form the first line."""

    @property
    def first_word(self) -> bytes:
        """The value up to its first blank: for `syntax` the image."""
        return self.value.partition(b" ")[0]


def _after_shebang(source: bytes) -> tuple[bytes, int]:
    source = source.removeprefix(_BOM)
    if source.startswith(b"#!"):
        return source.partition(b"\n")[2], 1
    return source, 0


def _scan(source: bytes, name: str, comment: bytes, line: int) -> Detected | None:
    reader = DirectiveReader(comment)
    start = 0
    while start < len(source):
        end = source.find(b"\n", start)
        end = len(source) if end < 0 else end
        line += 1
        entry = reader.read(source[start:end].removesuffix(b"\r"))
        if entry is None:
            return None
        if entry[0] == name:
            return Detected(entry[1], line)
        start = end + 1
    return None


def detect(source: bytes, name: str) -> Detected | None:
    """Return the directive `name` of a Dockerfile as BuildKit's own detection finds it."""
    rest, line = _after_shebang(source)
    return _scan(rest, name, b"#", line)


def detect_syntax(source: bytes) -> Detected | None:
    """Return which frontend a file asks for: by `# syntax=`, `// syntax=` or a JSON object's `syntax`."""
    rest, line = _after_shebang(source)
    directive = _scan(rest, "syntax", b"#", line) or _scan(rest, "syntax", b"//", line)
    return directive or _json_syntax(rest, line)


def _json_syntax(source: bytes, line: int) -> Detected | None:
    if not source.lstrip(b" \t\r\n").startswith(b"{"):
        return None
    import json  # noqa: PLC0415 - a Dockerfile never gets here

    try:
        value = json.loads(source.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    syntax = value.get("syntax")
    return Detected(syntax.encode("utf-8", "replace"), line + 1) if isinstance(syntax, str) else None
