"""Operators of requirements that do not exist, as in `pandas=2.2.3`."""

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
_COMMAND = "pip install "
_MEANT = {"=": "==", "=>": ">=", "=<": "<=", "": "==", "!": "!=", "~": "~="}


def check_operator(requirement: str, origin: Origin) -> None:
    """Refuse an operator that does not exist, and words without one: `pandas=2`, `pandas => 2`, `pip install pandas`.

    The installer judges everything else; uv accepts more than the standard.

    Raises:
        UserError: The operator is wrong.
    """
    match = _WRONG_OPERATOR.match(requirement)
    if match is None:
        return
    operator, version = match["operator"].strip(), match["version"]
    message = f"{origin.says(requirement)} is not a requirement"
    meant = _MEANT.get(operator)
    hint = f"write {match['name']}{meant}{version}" if meant and version else ""
    if not operator and not version[:1].isdigit():
        hint = "write each requirement on a line of its own"
        if requirement.startswith(_COMMAND):
            hint = f"write {requirement.removeprefix(_COMMAND).strip() or 'the requirement'}"
    expected = "a name, and a version behind ==, >=, <=, >, <, ~= or !="
    raise UserError(message, *origin.locations, expected=expected, hint=hint)
