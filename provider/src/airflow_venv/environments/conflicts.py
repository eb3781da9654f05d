"""Which requirements the installed packages do not meet, read from their metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_venv.environments.facts import normalize
from airflow_venv.environments.requested import requirements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_venv.environments.facts import Environment

__all__ = ["conflicts"]


def conflicts(facts: Environment) -> Iterator[str]:
    """Compare what each package requires with what is installed, without starting anything."""
    try:
        from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - Airflow brings it
    except ImportError:
        return
    version = ".".join(map(str, (facts.version or ())[:2]))
    full = ".".join(map(str, facts.version or ()))
    surroundings = {"extra": "", **({"python_version": version, "python_full_version": full} if version else {})}
    for owner, text in requirements(facts.site_packages):
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.marker and not requirement.marker.evaluate(surroundings):
            continue
        installed = facts.packages.get(normalize(requirement.name))
        if installed is None:
            yield f"{owner} requires {requirement.name}{requirement.specifier}, which is not installed."
        elif not requirement.specifier.contains(installed, prereleases=True):
            yield f"{owner} requires {requirement.name}{requirement.specifier}, but {installed} is installed."
