"""The form of a requirement, as far as pip or uv takes it: a name, extras, versions, a marker (PEP 440 and 508).

Both are lenient in places, and so is this: what one of them may take has the form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyenv_frontend.errors import nearest

__all__ = ["RequirementForm", "form_hint"]

_NAME = r"[A-Za-z0-9][\w.-]*(?<![.-])"
_EXTRAS = r"\[\s*(?:\w[\w.-]*\s*(?:,\s*\w[\w.-]*\s*)*)?\]"
_RELEASE = r"v?(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)*"
_SUFFIXES = (
    r"(?:[._-]?(?:alpha|beta|preview|pre|a|b|c|rc)[._-]?[0-9]*)?"
    r"(?:-[0-9]+|[._-]?(?:post|rev|r)[._-]?[0-9]*)?(?:[._-]?dev[._-]?[0-9]*)?(?:\+[a-z0-9]+(?:[._-][a-z0-9]+)*)?"
)
_VERSION = rf"(?i:{_RELEASE}{_SUFFIXES})"
_CLAUSE = (
    rf"(?:===\s*[^\s;)]*|[=!]=\s*{_VERSION}(?:\.\*)?|~=\s*(?=v?(?:[0-9]+!)?[0-9]+\.){_VERSION}|[<>]=?\s*{_VERSION})"
)
_CLAUSES = rf"{_CLAUSE}(?:\s*,\s*{_CLAUSE})*\s*,?"
_REQUIREMENT = re.compile(
    rf"(?P<name>{_NAME}(?:\s*{_EXTRAS})?)\s*(?:(?:{_CLAUSES}|\(\s*(?:{_CLAUSES})?\s*\))\s*|@.*[/:\\].*)?", re.ASCII
)
_OLD_REQUIREMENT = re.compile(rf"{_NAME}(?:\s*{_EXTRAS})?\s*(?:(?:[=!<>]=|[<>])\s*[\w.*+!-]+\s*(?:,\s*|$))+")
_VARIABLES = (
    "python_version", "python_full_version", "os_name", "sys_platform", "platform_machine", "platform_release",
    "platform_system", "platform_version", "platform_python_implementation", "python_implementation",
    "implementation_name", "implementation_version", "extra", "extras", "dependency_groups", "os.name", "sys.platform",
    "platform.version", "platform.machine", "platform.python_implementation",
)  # fmt: skip
_TEXT = r"'[^']*'|\"[^\"]*\""
_VALUE = rf"(?:{_TEXT}|(?:{'|'.join(map(re.escape, _VARIABLES))})(?![\w.]))"
_COMPARED = rf"{_VALUE}\s*(?:===?|[~!<>]=|[<>]|\bin(?!\w)|\bnot\s+in(?!\w))\s*{_VALUE}"
_MARKER = re.compile(rf"[\s(]*{_COMPARED}(?:[\s)]*(?<!\w)(?:and|or)(?!\w)[\s(]*{_COMPARED})*[\s)]*")
_QUOTES = str.maketrans("\u201c\u201d\u201e\u2018\u2019\u201a", "\"\"\"'''")
_NO_QUOTES = dict.fromkeys(_QUOTES)
_SIGNS = {"\u2265": ">=", "\u2264": "<=", "\u2260": "!=", "\uff1d": "="}

_SHELL = re.compile(r"\$\{?\(?(?P<name>\w+)[)}]?|%(?P<other>\w+)%")
_TEMPLATE = re.compile(r"\{[{%]|=\s*<\w+>|\{\w*\}")
_UNQUOTED = re.compile(r"(?P<start>\w+\s*(?:[=~!<>]=|[<>])\s*)(?P<value>[\w.*]+)(?=\s*(?:$|\)|and\b|or\b))")
_SINGLE = re.compile(
    rf"(?P<name>{_NAME}(?:\s*{_EXTRAS})?)\s*(?P<operator>===|[=~!<>]=|[<>])\s*(?P<version>[^\s,;=~!<>]*)\s*,?"
)
_WITHOUT_COMMA = re.compile(rf"(?P<first>{_CLAUSE})\s*(?:\|\|?\s*)?(?=[=~!<>])")


@dataclass(frozen=True, slots=True)
class RequirementForm:
    """A requirement, cut at its marker.

    Attributes:
        text: what stands before the marker.
        marker: the marker; None if there is none.
    """

    text: str
    marker: str | None

    @classmethod
    def of(cls, requirement: str) -> RequirementForm:
        """Cut a requirement, whose words have single spaces between them."""
        text, sign, marker = requirement.partition(";")
        return cls(text.strip(), marker.strip() if sign else None)

    @property
    def has_form(self) -> bool:
        """Whether pip or uv may take it, apart from the marker."""
        return _REQUIREMENT.fullmatch(self.text) is not None

    @property
    def has_old_form(self) -> bool:
        """Whether a pip before 24.1 may take it, for which anything is a version."""
        return _OLD_REQUIREMENT.fullmatch(self.text) is not None

    @property
    def has_form_of_marker(self) -> bool:
        """Whether pip or uv may take the marker; pip takes none at all."""
        if not self.marker:
            return True
        bare = re.sub(_TEXT, "", self.marker)
        return _MARKER.fullmatch(self.marker) is not None and bare.count("(") == bare.count(")")


def form_hint(requirement: str) -> str:
    """Return what to write instead of a requirement that has not the form; may be empty."""
    form = RequirementForm.of(requirement)
    if shell := _SHELL.search(requirement):
        name = (shell["name"] or shell["other"]).upper()
        return f"write ${{{name}}}: installers fill in a variable in no other form, and in capitals only"
    if _TEMPLATE.search(requirement):
        return "fill the template in before the build, or write ${NAME} and set NAME by ARG or ENV"
    text, semicolon, marker = requirement.partition(";")
    plain = text.translate(_NO_QUOTES) + semicolon + marker.translate(_QUOTES)
    for sign, meant in _SIGNS.items():
        plain = plain.replace(sign, meant)
    if plain != requirement:
        return f"write {plain}"
    if "#" in requirement:
        return "write a space before #"
    return _hint_of_marker(form) if form.has_form else _hint_of_text(form.text)


def _hint_of_marker(form: RequirementForm) -> str:
    marker = form.marker or ""
    if not marker:
        return f"write {form.text}, without the semicolon"
    if re.match(r"[=~!<>]", marker):
        return "separate versions by commas: a marker stands behind a semicolon"
    if re.fullmatch(_NAME, marker) and marker not in _VARIABLES:
        return "write each requirement on a line of its own"
    right = marker.replace("&&", " and ").replace("||", " or ").rstrip(";")
    right = re.sub(r"=>", ">=", re.sub(r"=<", "<=", re.sub(r"(?<![=~!<>])=(?![=<>])", "==", right)))
    right = " ".join(_UNQUOTED.sub(lambda match: f"{match['start']}'{match['value']}'", right).split())
    if right != marker and RequirementForm(form.text, right).has_form_of_marker:
        return f"write {form.text}; {right}" if right else f"write {form.text}"
    unknown = next((word for word in re.findall(r"[A-Za-z_.]+", re.sub(_TEXT, "", marker)) if word not in _WORDS), "")
    near = nearest(unknown, _VARIABLES) if unknown else ""
    return f"did you mean {near}?" if near else ""


_WORDS = {*_VARIABLES, "and", "or", "not", "in"}


def _hint_of_text(text: str) -> str:
    name, at, version = (part.strip() for part in text.partition("@"))
    if name and at:
        version = version.lstrip("=v^ ")
        return f"write {name}=={version}" if version[:1].isdigit() else f"write {name}, or a version behind =="
    if re.match(rf"{_NAME}\s*\[[^\]=~!<>]*(?:[=~!<>]|$)", text):
        return "close the bracket of the extras"
    if re.fullmatch(rf"{_NAME}(?:\s*,\s*{_NAME})*\s*,*", text):
        return (
            "write each requirement on a line of its own" if "," in text.rstrip(", ") else f"write {text.rstrip(', ')}"
        )
    if single := _SINGLE.fullmatch(text):
        return _hint_of_version(single["name"], single["operator"], single["version"])
    separated = _WITHOUT_COMMA.sub(r"\g<first>,", text).replace(",,", ",")
    if separated != text and RequirementForm(separated, None).has_form:
        return f"separate versions by commas: {separated}"
    return ""


def _hint_of_version(name: str, operator: str, version: str) -> str:
    """Return what to write instead of a version that is none, or that its operator does not take."""
    if version in {"", "*", "any", "latest"}:
        return f"write {name} for any version"
    if "*" in version and operator not in {"==", "!="}:
        return f"{operator} takes no *: write {name}{operator}{version.partition('.*')[0]}"
    if operator == "~=" and version.isdigit():
        return f"write {name}>={version},<{int(version) + 1}"
    series = re.fullmatch(r"([0-9.]+\.)[xX]", version)
    return f"write {name}{operator}{series[1]}*" if series else f"{version} is not a version"
