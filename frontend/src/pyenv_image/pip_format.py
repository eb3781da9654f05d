"""The one reader of pip's requirements file format, for the build step and for the frontend.

Source of truth: pip's `req_file.py` and its documentation ("Requirements File Format"): lines are continued by a
backslash, comments are stripped after that, and options are split as a shell splits words. Standard library only, and
Python 3.7, since the step runs in the user's image.

uv reads the same format with differences: it does not join a word that a continuation cuts, knows neither `-rfile` nor
abbreviated options, and fills in variables in addresses and file names only. `rewrite` writes what pip means in a form
that both read alike, and keeps the number of every line.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyenv_image.logical_lines import logical_lines, split_words

if TYPE_CHECKING:
    from typing import Callable, Iterator, Mapping

    from pyenv_image.logical_lines import LogicalLine

__all__ = [
    "CONSTRAINT",
    "EDITABLE",
    "FILE",
    "FIND_LINKS",
    "IGNORED",
    "OPTION",
    "PASSWORD",
    "REQUIREMENT",
    "Statement",
    "decode",
    "encode",
    "expand_variables",
    "failed_byte",
    "needs_value",
    "read_statements",
    "rewrite",
    "unset_variables",
]

REQUIREMENT, EDITABLE, FILE, CONSTRAINT, FIND_LINKS, OPTION, IGNORED = (
    "requirement",
    "editable",
    "file",
    "constraint",
    "find-links",
    "option",
    "ignored",
)
"""The kinds of statements.

`OPTION` is every option that names neither a file nor something to install. `IGNORED` is a word that is neither an
option nor its value (`--pre six`): pip ignores it, and uv refuses or ignores it.
"""

_KINDS = {
    "--requirement": FILE,
    "--constraint": CONSTRAINT,
    "--editable": EDITABLE,
    "--find-links": FIND_LINKS,
}
_SHORT = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-f": "--find-links",
    "-i": "--index-url",
    "-C": "--config-settings",
}
_WITH_VALUE = frozenset(
    {
        *_SHORT.values(),
        "--extra-index-url",
        "--no-binary",
        "--only-binary",
        "--all-releases",
        "--only-final",
        "--trusted-host",
        "--use-feature",
        "--global-option",
        "--config-setting",
        "--hash",
        "--pypi-url",
    }
)
_LONG = _WITH_VALUE | {"--no-index", "--pre", "--prefer-binary", "--require-hashes"}

_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")
# UTF-32's mark begins with UTF-16's.
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DANGLING = re.compile(r"\\+(\s*)\Z")
"""A continuation with nothing behind it, which pip ignores and uv refuses."""
PASSWORD = re.compile(rb"(?<![a-z+])[a-z+]+://[^\s/:@$]*:[^\s/@$]+@")
"""An address with a password that is no variable."""


@dataclass(frozen=True)
class Statement:
    """One requirement or option of a requirements file."""

    kind: str
    """One of the seven kinds."""

    value: str
    """The requirement without its own options, or the argument of the option without quotes; may be empty."""

    start: int
    """Where the value begins in the text, quotes included; an option without one begins here itself."""

    end: int
    """Where the value ends in the text."""

    line: int
    """The number of the line that the statement begins on, from 1."""

    option: str = ""
    """The option's full name, such as `--requirement`; empty for a requirement, or a word that is ignored."""

    def written(self) -> str:
        """Return the statement in the form that pip and uv both read."""
        if not self.option:
            return self.value
        return f"{self.option} {_quoted(self.value)}" if self.value else self.option


def decode(data: bytes) -> str:
    """Return the text of a requirements file: by its byte order mark or its `coding` comment, else UTF-8.

    Raises:
        UnicodeDecodeError: The bytes are not text in that encoding.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding)
    for line in data.split(b"\n", 2)[:2]:
        coding = _CODING.search(line) if line.startswith(b"#") else None
        if coding:
            encoding = coding[1].decode("ascii", "replace")
            try:
                return data.decode(encoding)
            except LookupError:
                break
            except UnicodeDecodeError:
                raise
            except UnicodeError as error:  # of codecs for something else than files, such as punycode
                raise UnicodeDecodeError(encoding, data, 0, len(data), str(error)) from None
    if b"\0" in data:  # most often UTF-16 without its mark
        raise UnicodeDecodeError("utf-8", data, data.index(b"\0"), data.index(b"\0") + 1, "a NUL")
    return data.decode("utf-8")


def failed_byte(error: UnicodeDecodeError) -> str:
    """Describe what `decode` could not read: `UTF-8: byte 5, in line 1`."""
    line = 1 + error.object.count(b"\n", 0, error.start)
    return f"{error.encoding.upper()}: byte {error.start}, in line {line}"


def encode(text: str) -> bytes:
    """Return the bytes of a copy: UTF-8, with a mark where a `coding` comment says otherwise."""
    data = text.encode("utf-8", "surrogateescape")
    lines = data.split(b"\n", 2)[:2]
    return (codecs.BOM_UTF8 if any(b"coding" in line for line in lines) else b"") + data


def expand_variables(text: str, environ: Mapping[str, str]) -> str:
    """Fill in `${NAME}` as pip does: capitals only, and one that is unset or empty stays as it is."""
    return _VARIABLE.sub(lambda match: environ.get(match[1]) or match[0], text) if "${" in text else text


def unset_variables(text: str, environ: Mapping[str, str]) -> list[str]:
    """Return the names of variables that stay as they are."""
    return [name for name in _VARIABLE.findall(text) if not environ.get(name)]


def read_statements(text: str) -> Iterator[Statement]:
    """Read a requirements file, statement by statement, in order."""
    for line in logical_lines(text):
        for _, statement in _statements(line):
            yield statement


def rewrite(text: str, change: Callable[[Statement], str | None], environ: Mapping[str, str]) -> str:
    """Write a requirements file anew in the form that pip and uv both read; the numbers of lines stay.

    Args:
        text: The file.
        change: Returns the text to write for a statement, or None to keep what it says. It is given the statement with
            its variables filled in, but for those in addresses: these may be secret, and both installers fill them in.
        environ: The variables.
    """
    text = _DANGLING.sub(r"\1", text)
    return "".join(_rewritten(line, change, environ) for line in logical_lines(text))


def needs_value(option: str) -> bool:
    """Return whether an option, by its full name, has a value."""
    return option in _WITH_VALUE


def _statements(line: LogicalLine) -> Iterator[tuple[tuple[int, int], Statement]]:
    """Return each statement of a line with the stretch of the logical line that it takes."""
    text = line.text
    options = re.search(r"(?:^|(?<=\s))-", text)
    end = options.start() if options else len(text)
    value = text[:end].strip()
    if value:
        start = text.find(value)
        yield (start, start + len(value)), _statement(line, REQUIREMENT, value, start, start + len(value))
    words = split_words(text, end)
    index, may_be_value = 0, False
    while index < len(words):
        word, start, stop = words[index]
        index += 1
        if not word.startswith("-"):
            if not may_be_value:
                yield (start, stop), _statement(line, IGNORED, word, start, stop)
            continue
        name, value, has_value = _option(word)
        if has_value:
            # The value of `--name='a b'` begins behind the sign, with its quotes; that of `-rfile` behind the letter.
            sign = text.find("=", start, stop) if word.startswith("--") else start + 1
            begin = sign + 1
        elif name in _WITH_VALUE and index < len(words):
            value, begin, stop = words[index]
            index += 1
        else:
            begin = start
        may_be_value = name not in _LONG  # of an option that a newer pip has
        yield (start, stop), _statement(line, _KINDS.get(name, OPTION), value, begin, stop, name)


def _statement(line: LogicalLine, kind: str, value: str, start: int, end: int, option: str = "") -> Statement:  # noqa: PLR0913, PLR0917
    begin = line.offset(start)
    return Statement(kind, value, begin, max(begin, line.offset_behind(end)), line.number, option)


def _option(word: str) -> tuple[str, str, bool]:
    """Split an option into its full name, its value and whether it has one; a name may be cut short if it is unique."""
    if not word.startswith("--"):
        return _SHORT.get(word[:2], word[:2]), word[2:], len(word) > 2
    name, equals, value = word.partition("=")
    if name not in _LONG:
        candidates = [option for option in _LONG if option.startswith(name)]
        name = candidates[0] if len(candidates) == 1 and len(name) > 2 else name
    return name, value, bool(equals)


def _quoted(value: str) -> str:
    if not re.search(r"[\s'\"\\#]", value):
        return value
    return "'{}'".format(value.replace("'", "'\"'\"'"))


def _rewritten(line: LogicalLine, change: Callable[[Statement], str | None], environ: Mapping[str, str]) -> str:
    texts: list[tuple[int, int, str]] = []
    for (start, end), read in _statements(line):
        value = expand_variables(read.value, environ)
        statement = read if "://" in value else replace(read, value=value)
        text = change(statement)
        if text is None and statement.value != read.value:
            text = statement.written()
        if text is not None or line.joined:
            texts.append((start, end, statement.written() if text is None else text))
    lines = line.physical.splitlines(keepends=True)
    ends = [_end(physical) for physical in lines]
    if not texts and not line.joined:
        return "".join(f"{physical.splitlines()[0]}{end}" for physical, end in zip(lines, ends))
    new = _spliced(line.text, texts)
    if len(lines) > 1:
        return new.rstrip() + "".join(ends)
    comment = lines[0].splitlines()[0][len(line.text) :]
    return f"{new}{comment}{ends[0]}"


def _end(line: str) -> str:
    """Return the end of a physical line; pip ends lines at characters that are none to uv, such as a form feed."""
    end = line[len(line.splitlines()[0]) :]
    return end if end in {"", "\n", "\r\n"} else "\n"


def _spliced(text: str, texts: list[tuple[int, int, str]]) -> str:
    for start, end, new in reversed(texts):
        text = text[:start] + new + text[end:]
    return text
