"""Values of a Dockerfile, written so that the engine's parser reads them back unchanged.

A value passes up to three readers: the flag lexer (quotes and escapes), the CSV reader of `--mount`, and the word
expansion (`$`, quotes, escapes again). Each function here names the readers it writes for. What escapes is the file's
escape token: under `# escape=`` a backslash is a character like any other.
"""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["env_value", "exec_form", "fields_of", "mount"]

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+=-]*")


def _escaped(value: str, special: str, escape: str) -> str:
    return re.sub(f"([{special}{re.escape(escape)}])", lambda found: escape + found[1], value)


def exec_form(arguments: Iterable[str]) -> list[str]:
    """The items of a JSON array (RUN's exec form, which is not expanded), one a list entry."""
    return [json.dumps(argument) for argument in arguments]


def env_value(value: str, escape: str = "\\") -> str:
    """The right side of `ENV name=`: one reader, the word expansion."""
    if _PLAIN.fullmatch(value):
        return value
    return '"' + _escaped(value, '$"', escape) + '"'


def mount(escape: str = "\\", **fields: str) -> str:
    """`--mount=` with its fields in order; all three readers. A field without value (`rw=""`) is a bare word."""
    text = ",".join(_field(key, value, escape) for key, value in fields.items())
    return "--mount=" + _escaped(text, r"\s'\"", escape)


def fields_of(raw: str, escape: str) -> list[str]:
    """The fields of a mount as the user wrote it: what the flag lexer and the CSV reader make of it."""
    plain, quote, index = "", "", 0
    while index < len(raw):
        char = raw[index]
        if char == escape:  # in either quote, too
            index += 1
            plain += raw[index : index + 1]
        elif char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        else:
            plain += char
        index += 1
    try:
        return next(csv.reader([plain]), [])
    except csv.Error:  # the engine will say so
        return []


def _field(key: str, value: str, escape: str) -> str:
    key = key.rstrip("_")
    if not value:
        return key
    # `from` alone is not expanded by the engine, and image references have nothing that would have to be escaped.
    text = f"{key}={value if key == 'from' else _escaped(value, r"$'\"", escape)}"
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",\n]', text) else text
