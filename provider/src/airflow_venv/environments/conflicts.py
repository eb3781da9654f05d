"""Find the requirements of installed packages that are not met, from their metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_venv.environments.facts import normalize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.specifiers import SpecifierSet

    from airflow_venv.environments.facts import Environment
    from airflow_venv.environments.package_metadata import PackageMetadata

__all__ = ["conflicts"]


def conflicts(facts: Environment, metadata: PackageMetadata) -> Iterator[str]:
    """Compare what each package requires with what is installed, without starting anything."""
    try:
        from packaging.requirements import Requirement  # noqa: PLC0415 - Airflow brings it
    except ImportError:
        return
    version = ".".join(map(str, (facts.version or ())[:2]))
    full = facts.version_text
    surroundings = {"extra": "", **({"python_version": version, "python_full_version": full} if version else {})}
    for line in metadata.requirements:
        try:
            requirement = Requirement(line.text)
            if requirement.marker and not requirement.marker.evaluate(surroundings):
                continue
        except ValueError:  # InvalidRequirement, or a marker that compares what cannot be compared
            continue
        installed = facts.packages.get(normalize(requirement.name))
        if installed is None:
            yield f"{line.owner} requires {requirement.name}{requirement.specifier}, which is not installed."
        elif not _holds(requirement.specifier, installed):
            yield f"{line.owner} requires {requirement.name}{requirement.specifier}, but {installed} is installed."


def _holds(specifier: SpecifierSet, version: str) -> bool:
    """Return whether a version meets a specifier; an invalid version (PEP 440) only meets an empty one."""
    try:
        return specifier.contains(version, prereleases=True)
    except ValueError:
        return not specifier
