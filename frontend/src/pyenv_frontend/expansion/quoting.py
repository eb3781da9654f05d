"""Values of a Dockerfile, written so that the engine's parser reads them back unchanged.

A value passes up to three readers: the flag lexer (quotes and backslashes), the CSV reader of `--mount`, and the word
expansion (`$`, quotes, backslashes again). Each function here names the readers it writes for.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["env_value", "exec_form", "mount"]

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+=-]*")
_SPECIAL_IN_WORD = re.compile(r"([$\\'\"])")
_SPECIAL_IN_FLAG = re.compile(r"([\s\\'\"])")


def exec_form(arguments: Iterable[str]) -> list[str]:
    """The items of a JSON array (RUN's exec form, which is not expanded), one a list entry."""
    return [json.dumps(argument) for argument in arguments]


def env_value(value: str) -> str:
    """The right side of `ENV name=`: one reader, the word expansion."""
    if _PLAIN.fullmatch(value):
        return value
    return '"' + re.sub(r'([$\\"])', r"\\\1", value) + '"'


def mount(**fields: str) -> str:
    """`--mount=` with its fields in order; all three readers. A field without value (`rw=""`) is a bare word."""
    return "--mount=" + _SPECIAL_IN_FLAG.sub(r"\\\1", ",".join(_field(key, value) for key, value in fields.items()))


def _field(key: str, value: str) -> str:
    key = key.rstrip("_")
    if not value:
        return key
    # `from` alone is not expanded by the engine, and image references have nothing that would have to be escaped.
    text = f"{key}={value if key == 'from' else _SPECIAL_IN_WORD.sub(r'\\\1', value)}"
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",\n]', text) else text
