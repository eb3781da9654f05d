"""Names of environments: their form, and why two of them clash."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pyenv_frontend.pyenv.instruction import EnvironmentName
from pyenv_frontend.pyenv.invalid_value import InvalidValue

if TYPE_CHECKING:
    from pyenv_frontend.positions import Span

__all__ = ["clash", "is_name", "parse_name"]

_FORM: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_EXPECTED: Final = "a name of letters, digits, _ and -, that begins with a letter or _"


def is_name(text: str) -> bool:
    """Return whether an environment can have a name."""
    return _FORM.fullmatch(text) is not None


def parse_name(text: str, span: Span) -> EnvironmentName:
    """Read an environment's name.

    Raises:
        InvalidValue: it has a character that a variable's name may not have.
    """
    if is_name(text):
        return EnvironmentName(text=text, span=span)
    if not text:
        raise InvalidValue("the environment's name is empty", expected=_EXPECTED)
    if text.startswith("<<"):
        raise InvalidValue(
            "the environment's name is missing", expected=_EXPECTED, hint=f"PYENV <version> <name> {text}"
        )
    if text.endswith((".txt", ".in", ".toml")):
        message = f"{text} is not the name of an environment, which comes before its requirements"
        raise InvalidValue(message, expected=_EXPECTED, hint=f"PYENV <version> {_repaired(text) or '<name>'} {text}")
    repaired = _repaired(text)
    hint = f"write {repaired}" if repaired else ""
    raise InvalidValue(f"{text!r} cannot be the name of an environment", expected=_EXPECTED, hint=hint)


def clash(name: EnvironmentName, earlier: EnvironmentName, variable: str) -> str:
    """Explain why two names that set `variable` cannot be in one image."""
    if name.text == earlier.text:
        return f"the environment {name.text!r} already exists"
    return f"{name.text!r} and {earlier.text!r} would both set the variable {variable}"


def _repaired(text: str) -> str:
    """Return the name with what is not allowed in it replaced by `_`; empty if nothing of it is left."""
    stem = re.sub(r"\.(txt|in|toml)$", "", text.rpartition("/")[2])
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-")
    return f"_{plain}" if plain[:1].isdigit() else plain
