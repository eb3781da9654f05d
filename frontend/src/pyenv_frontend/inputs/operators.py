"""Lines that are no requirement: operators that do not exist, as in `pandas=2.2.3`, quotes, marks of a merge."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenv_frontend.errors import UserError
from pyenv_image.local_paths import is_plain

if TYPE_CHECKING:
    from pyenv_frontend.inputs.collector import Origin

__all__ = ["check_operator"]

# Patterns that `re` compiles when the first unusual line is read.
_NAME = r"[A-Za-z0-9][\w.-]*(?:\s*\[[^\]]*\])?"
_COMPARISON = r"(?:===|[=<>~!]=|[<>])"
_WRONG_OPERATOR = (
    rf"(?P<name>{_NAME})\s*"
    r"(?P<operator>=(?!=)[<>]?|[<>]{2,}|=>|=<|!(?!=)|~(?!=)|\s(?=\w))\s*(?P<version>[^\s;,=]*)"
)
_NEXT = rf"{_NAME}\s*{_COMPARISON}\s*[\w.*+!-]+(?:\s+|\s*,\s*)(?=[A-Za-z])"
"""A requirement with another one behind it."""

_CARET = rf"{_NAME}\s*{_COMPARISON}?\s*\^"
_QUOTED_VERSION = rf"(?P<start>{_NAME}\s*{_COMPARISON}\s*)(?P<quote>['\"])(?P<version>[^'\"]*)(?P=quote)"
_NO_BEGINNING = r"[^\w.$/\\]|[^\x00-\x7f]"
_QUOTED = r"(['\"])(.*)\1"
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
_INVISIBLE = "[\u00ad\u200b-\u200d\u2060\ufeff]"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"
_COMMAND = "pip install "
_EXPECTED = "a name, and a version behind ==, >=, <=, >, <, ~= or !="
_ONE_A_LINE = "write each requirement on a line of its own"
_MEANT = {"=": "==", "=>": ">=", "=<": "<=", "": "==", "!": "!=", "~": "~="}


def check_operator(requirement: str, origin: Origin) -> None:
    """Refuse what is no requirement to pip and uv, where they would say so only in the build: `pandas=2`, `a==1 b==2`.

    The installer judges everything else; uv accepts more than the standard.

    Raises:
        UserError: It is none.
    """
    if is_plain(requirement):
        return
    match = re.match(_WRONG_OPERATOR, requirement)
    hint = _hint_of_operator(requirement, match) if match else _hint(requirement)
    if hint is not None:
        message = f"{origin.says(requirement)} is not a requirement"
        raise UserError(message, *origin.locations, expected=_EXPECTED, hint=hint)


def _hint_of_operator(requirement: str, match: re.Match[str]) -> str:
    """Return what to write instead of an operator that does not exist; may be empty."""
    operator, version = match["operator"].strip(), match["version"]
    if not operator and not version[:1].isdigit():
        if requirement.startswith(_COMMAND):
            return f"write {requirement.removeprefix(_COMMAND).strip() or 'the requirement'}"
        return _ONE_A_LINE
    meant = _MEANT.get(operator)
    return f"write {match['name']}{meant}{version}" if meant and version else ""


def _hint(requirement: str) -> str | None:
    """Return what to write instead of a line that neither pip nor uv takes, maybe nothing; None if it may be right."""
    invisible, quoted = re.search(_INVISIBLE, requirement), re.fullmatch(_QUOTED, requirement)
    version = re.match(_QUOTED_VERSION, requirement)
    hint: str | None = None
    if requirement.startswith(_CONFLICT):
        hint = "it is a mark of a merge that is not finished: choose one side"
    elif requirement[0] in _DASHES:
        hint = f"write -{requirement[1:]}: an option begins with a hyphen"
    elif invisible:
        hint = f"delete the invisible character U+{ord(invisible[0]):04X} in it"
    elif quoted:
        hint = f"write {quoted[2]}, without quotes"
    elif re.match(_NO_BEGINNING, requirement):
        hint = ""
    elif re.match(_NEXT, requirement):
        hint = _ONE_A_LINE
    elif re.match(_CARET, requirement):
        hint = "^ is of other tools: write the oldest and the first excluded version, as in >=1.2,<2"
    elif version:
        hint = f"write {version['start']}{version['version']}, without quotes"
    return hint
