"""Lines that are no requirement: operators that do not exist, as in `pandas=2.2.3`, quotes, marks of a merge."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenv_frontend.errors import UserError

if TYPE_CHECKING:
    from pyenv_frontend.inputs.collector import Origin

__all__ = ["check_operator"]

_CLAUSE = r"(?:(?:[=!<>]=|[<>])\s*\d+(?:\.\d+)*|[=!]=\s*\d+(?:\.\d+)*\.\*|~=\s*\d+(?:\.\d+)+)"
_PLAIN = re.compile(
    rf"[A-Za-z0-9](?:[\w.-]*\w)?(?:\[\w+(?:,\w+)*\])?(?:\s*{_CLAUSE}(?:\s*,\s*{_CLAUSE})*)?"
    r"(?:\s*;\s*(?:python_version|sys_platform|platform_\w+)\s*(?:[=!<>]=|[<>])\s*(?:'[^']*'|\"[^\"]*\"))?",
    re.ASCII,
)
"""Most lines of large files; the modules for the others load slowly."""

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
_QUOTED = r"(['\"])([^'\"]*)\1"
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
_INVISIBLE = "[\u00ad\u200b-\u200d\u2060\ufeff]"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"
_COMMAND = r"(?:RUN\s+)?(?:pip[\d.]*|uv\s+pip|conda|mamba|micromamba|pipx)\s+install\s+|(?:uv|poetry|pdm)\s+add\s+"
_VARIABLE = r"\$\{[A-Z0-9_]+\}"
"""What installers fill in, with whatever it may be."""

_EXPECTED = "a name, and a version behind ==, >=, <=, >, <, ~= or !="
_EXPECTED_MARKER = "behind the semicolon a marker, such as python_version < '3.8'"
_CARET_HINT = "^ is of other tools: write the oldest and the first excluded version, as in >=1.2,<2"
_ONE_A_LINE = "write each requirement on a line of its own"
_MEANT = {"=": "==", "=>": ">=", "=<": "<=", "": "==", "!": "!=", "~": "~="}


def check_operator(requirement: str, origin: Origin, *, by_pip: bool = False) -> None:
    """Refuse what is no requirement to pip and uv, where they would say so only in the build: `pandas=2`, `a==1 b==2`.

    The installer judges everything else; uv accepts more than the standard.

    Args:
        requirement: the line, without its comment and options.
        origin: where it is.
        by_pip: whether pip installs it. An old one takes anything behind an operator, and all take a semicolon with no
            marker.

    Raises:
        UserError: It is none.
    """
    if _PLAIN.fullmatch(requirement):
        return
    line, requirement = requirement, " ".join(requirement.split())  # patterns may try all ways to share many spaces
    match = re.match(_WRONG_OPERATOR, requirement)
    hint = _hint_of_operator(requirement, match) if match else _hint(requirement)
    expected = _EXPECTED
    if hint is None and "://" not in requirement and not re.search(_VARIABLE, requirement):
        from pyenv_frontend.inputs.requirement_form import RequirementForm, form_hint  # noqa: PLC0415

        form = RequirementForm.of(requirement)
        expected = _EXPECTED_MARKER if form.has_form else expected
        has_form = form.has_form or (by_pip and form.has_old_form)
        has_form_of_marker = form.has_form_of_marker and (by_pip or form.marker != "")
        hint = None if has_form and has_form_of_marker else form_hint(requirement)
    if hint is not None:
        message = f"{origin.says(line)} is not a requirement"
        raise UserError(message, *origin.locations, expected=expected, hint=hint)


def _hint_of_operator(requirement: str, match: re.Match[str]) -> str:
    """Return what to write instead of an operator that does not exist; may be empty."""
    operator, version = match["operator"].strip(), match["version"].strip("\"'")
    if not operator and not version[:1].isdigit():
        if command := re.match(_COMMAND, requirement):
            return f"write {requirement[command.end() :].strip() or 'the requirement'}"
        return _ONE_A_LINE
    if version.startswith("^"):
        return _CARET_HINT
    if version.startswith(("[", "{")):
        return "it is TOML: name a pyproject.toml in the PYENV"
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
        from pyenv_frontend.inputs.requirement_form import form_hint  # noqa: PLC0415

        hint = form_hint(requirement)
    elif re.match(_NEXT, requirement):
        hint = _ONE_A_LINE
    elif re.match(_CARET, requirement):
        hint = _CARET_HINT
    elif version:
        hint = f"write {version['start']}{version['version']}, without quotes"
    return hint
