"""Lines that are no requirement: operators that do not exist, as in `pandas=2.2.3`, quotes, marks of a merge."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenv_frontend.errors import UserError

if TYPE_CHECKING:
    from pyenv_frontend.inputs.collector import Origin

__all__ = ["check_operator"]

_WRONG_OPERATOR = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*(?:\s*\[[^\]]*\])?)\s*"
    r"(?P<operator>=(?!=)[<>]?|[<>]{2,}|=>|=<|!(?!=)|~(?!=)|\s(?=\w))\s*(?P<version>[^\s;,=]*)"
)
_NAME = r"[A-Za-z0-9][\w.-]*(?:\s*\[[^\]]*\])?"
_COMPARISON = r"(?:===|[=<>~!]=|[<>])"
_PLAIN = re.compile(r"[A-Za-z0-9][\w.-]*(?:\[[\w.,-]*\])?(?:==[\w.+!]+)?", re.ASCII)
"""Most lines of large files."""

_NEXT = re.compile(rf"{_NAME}\s*{_COMPARISON}\s*[\w.*+!-]+(?:\s+|\s*,\s*)(?=[A-Za-z])")
"""A requirement with another one behind it."""

_CARET = re.compile(rf"{_NAME}\s*{_COMPARISON}?\s*\^")
_QUOTED_VERSION = re.compile(rf"(?P<start>{_NAME}\s*{_COMPARISON}\s*)(?P<quote>['\"])(?P<version>[^'\"]*)(?P=quote)")
_NO_BEGINNING = re.compile(r"[^\w.$/\\]|[^\x00-\x7f]")
_QUOTED = re.compile(r"(['\"])(.*)\1")
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
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
    if _PLAIN.fullmatch(requirement):
        return
    match = _WRONG_OPERATOR.match(requirement)
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
    invisible, quoted = _INVISIBLE.search(requirement), _QUOTED.fullmatch(requirement)
    version = _QUOTED_VERSION.match(requirement)
    hint: str | None = None
    if requirement.startswith(_CONFLICT):
        hint = "it is a mark of a merge that is not finished: choose one side"
    elif requirement[0] in _DASHES:
        hint = f"write -{requirement[1:]}: an option begins with a hyphen"
    elif invisible:
        hint = f"delete the invisible character U+{ord(invisible[0]):04X} in it"
    elif quoted:
        hint = f"write {quoted[2]}, without quotes"
    elif _NO_BEGINNING.match(requirement):
        hint = ""
    elif _NEXT.match(requirement):
        hint = _ONE_A_LINE
    elif _CARET.match(requirement):
        hint = "^ is of other tools: write the oldest and the first excluded version, as in >=1.2,<2"
    elif version:
        hint = f"write {version['start']}{version['version']}, without quotes"
    return hint
