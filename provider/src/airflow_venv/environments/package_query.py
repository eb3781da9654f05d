"""Search packages by a part of their names, or by a requirement such as `pandas<2`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from airflow_venv.environments.facts import normalize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.specifiers import SpecifierSet

__all__ = ["PackageQuery", "parse_query"]

_OPERATORS = "<>=!~@;[("


@dataclass(frozen=True)
class PackageQuery:
    """The packages to search for."""

    name: str
    """Normalized name, or a part of one where there is no specifier."""
    specifier: SpecifierSet | None = None

    def matches(self, packages: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Yield the name and version of each package that matches."""
        if self.specifier is None:
            yield from ((name, version) for name, version in packages.items() if self.name in name)
        elif (version := packages.get(self.name)) is not None and self._holds(version):
            yield self.name, version

    def _holds(self, version: str) -> bool:
        try:
            return self.specifier is not None and self.specifier.contains(Version(version), prereleases=True)
        except InvalidVersion:  # of before PEP 440: it can be found by name, and cannot be compared
            return False


def parse_query(text: str) -> PackageQuery:
    """Parse a query.

    Raises:
        ValueError: the text has an operator and is not a requirement.
    """
    if not any(operator in text for operator in _OPERATORS):
        return PackageQuery(normalize(text.strip()))
    try:
        requirement = Requirement(text.strip())
    except InvalidRequirement as error:
        raise ValueError(f"{text!r} is neither part of a package's name nor a requirement such as pandas<2.") from error
    return PackageQuery(normalize(requirement.name), requirement.specifier)
