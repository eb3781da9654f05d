"""The variables of environments, in the format of the program that reads them."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FORMATS"]

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN: Final = re.compile(r"[\w@%+=:,./-]+", re.ASCII)


def _sh(variables: Mapping[str, str]) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in _spelled(variables).items())


def _fish(variables: Mapping[str, str]) -> str:
    escaped = {name: re.sub(r"(['\\])", r"\\\1", value) for name, value in _spelled(variables).items()}
    return "".join(f"set -gx {name} '{value}'\n" for name, value in escaped.items())


def _dotenv(variables: Mapping[str, str]) -> str:
    return "".join(f"{name}={_dotenv_value(value)}\n" for name, value in _spelled(variables).items())


def _dotenv_value(value: str) -> str:
    """Quote only if necessary: `docker run --env-file` treats quotes as part of the value."""
    if _PLAIN.fullmatch(value):
        return value
    if "'" not in value:
        return f"'{value}'"
    return '"' + re.sub(r'(["\\$`])', r"\\\1", value) + '"'


def _json(variables: Mapping[str, str]) -> str:
    return json.dumps(variables, indent=2) + "\n"


def _spelled(variables: Mapping[str, str]) -> dict[str, str]:
    """Return those with names that a shell accepts; a name with a dash has a twin with `_`."""
    return {name: value for name, value in variables.items() if _NAME.fullmatch(name)}


FORMATS: Final[dict[str, Callable[[Mapping[str, str]], str]]] = {
    "sh": _sh,
    "dotenv": _dotenv,
    "json": _json,
    "fish": _fish,
}
"""Every format by its name."""
