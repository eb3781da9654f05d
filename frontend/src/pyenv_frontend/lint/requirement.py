"""Parse requirements for the rules.

Importing `packaging` takes longer than everything else that a cached build does after its request to BuildKit's own
frontend. Therefore simple requirements (a name, and versions after operators) are parsed here, and only the others by
`packaging`. The format is that of dependency specifiers (PEP 508).
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
    """A requirement that follows the standard (PEP 508)."""

    name: str
    """Name of the distribution as it is written, not normalized."""

    clauses: str
    """Version specifiers as text, such as `>=2,<3`; empty if any version is allowed."""

    is_exact: bool
    """Whether only a single version is allowed."""

    url: str = ""
    marker: str = ""
    """Environment marker as text. It may be empty for an exact version, whose marker no rule uses."""

    @cached_property
    def versions(self) -> SpecifierSet:
        """The versions that the requirement allows."""
        from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - needed for few requirements

        return SpecifierSet(self.clauses)


def parse_requirement(text: str) -> LintRequirement | None:
    """Parse a requirement. Return None if it does not follow the standard."""
    match = _PLAIN.fullmatch(text.strip())
    if match is not None:
        clauses = match["clauses"] or ""
        is_exact = "==" in clauses
        # Without a marker, or with an exact version, for which no rule uses the marker.
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
    """Return the normalized name of a distribution (PEP 503), in which names are compared."""
    return _SEPARATORS.sub("-", name).lower()
