"""Values of a Dockerfile, written so that the engine's parser reads them back unchanged.

A value passes up to three readers: the flag lexer (quotes and escapes), the CSV reader of `--mount`, and the word
expansion (`$`, quotes, escapes again). Each function here names the readers it writes for. What escapes is the file's
escape token: under an `# escape=` directive with a backtick a backslash is a character like any other.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["copied_path", "env_value", "exec_form", "mount"]

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+=-]*")


def _escaped(value: str, special: str, escape: str) -> str:
    return re.sub(f"([{special}{re.escape(escape)}])", lambda match: escape + match[1], value)


def exec_form(arguments: Iterable[str]) -> list[str]:
    """Return the items of a JSON array (RUN's exec form, which is not expanded), one a list entry."""
    return [json.dumps(argument) for argument in arguments]


def copied_path(path: str, escape: str = "\\") -> str:
    """Return a path for the JSON form of COPY: one reader, the word expansion."""
    return _escaped(path, "$'\"", escape)


def env_value(value: str, escape: str = "\\") -> str:
    """Return the right side of `ENV name=`: one reader, the word expansion."""
    if _PLAIN.fullmatch(value):
        return value
    return '"' + _escaped(value, '$"', escape) + '"'


def mount(escape: str = "\\", **fields: str) -> str:
    """`--mount=` with its fields in order; all three readers. A field without value (`rw=""`) is a bare word."""
    text = ",".join(_field(key, value, escape) for key, value in fields.items())
    return "--mount=" + _escaped(text, r"\s'\"", escape)


def _field(key: str, value: str, escape: str) -> str:
    key = key.rstrip("_")
    if not value:
        return key
    # `from` alone is not expanded by the engine, and image references have nothing that would have to be escaped.
    text = f"{key}={value if key == 'from' else _escaped(value, r"$'\"", escape)}"
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",\n]', text) else text
