"""What the rules look at in a requirement.

`packaging` knows the standard, and takes longer to import than all else that a cached build does after its delegate was
asked. So what is plain (a name, and versions behind operators) is read here, and the rest is left to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

__all__ = ["LintRequirement", "normalized_name", "parse_requirement"]

_VERSION: Final = r"\d+(?:\.\d+)*(?:(?:a|b|rc|\.post|\.dev)\d+)?"
_CLAUSE: Final = rf"(?:(?:===|==|!=|<=|>=|<|>)\s*{_VERSION}|~=\s*\d+\.{_VERSION})"
_PLAIN: Final = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[\w\s,.-]*\])?\s*"
    rf"(?P<clauses>{_CLAUSE}(?:\s*,\s*{_CLAUSE})*)?\s*(?P<marker>;.*)?",
    re.ASCII,
)
_SEPARATORS: Final = re.compile(r"[-_.]+")


@dataclass(frozen=True)
class LintRequirement:
    """A requirement in the standard form."""

    name: str
    """As it is written."""

    clauses: str
    """The versions that it admits, in words."""

    is_exact: bool
    """Whether that is a single one."""

    url: str = ""
    marker: str = ""

    @cached_property
    def versions(self) -> SpecifierSet:
        """The versions that it admits."""
        from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - few requirements are asked

        return SpecifierSet(self.clauses)


def parse_requirement(text: str) -> LintRequirement | None:
    """Read a requirement, or return None if it does not follow the standard."""
    match = _PLAIN.fullmatch(text.strip())
    if match is not None:
        clauses = match["clauses"] or ""
        is_exact = "==" in clauses
        # A marker is not checked where the version decides.
        if is_exact or match["marker"] is None:
            return LintRequirement(name=match["name"], clauses=clauses, is_exact=is_exact)
    return _parse_any(text)


def _parse_any(text: str) -> LintRequirement | None:
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415

    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None
    is_exact = any(
        clause.operator == "===" or (clause.operator == "==" and not clause.version.endswith(".*"))
        for clause in requirement.specifier
    )
    return LintRequirement(
        name=requirement.name,
        clauses=str(requirement.specifier),
        is_exact=is_exact,
        url=requirement.url or "",
        marker=str(requirement.marker or ""),
    )


def normalized_name(name: str) -> str:
    """Return the name of a distribution in the form in which names are compared."""
    return _SEPARATORS.sub("-", name).lower()
