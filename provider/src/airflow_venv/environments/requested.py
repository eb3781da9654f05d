"""Which packages of an environment were asked for, and which came as their dependencies."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_venv.environments.facts import normalize
from airflow_venv.environments.files import decodable, glob, read_head

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

__all__ = ["requested", "requirements"]

_HEADER_LIMIT = 1_000_000
"""Bytes of a METADATA that are read at most; its header has a few thousand, a readme may follow."""
_OF_EXTRA = re.compile(r";.*\bextra\s*==")


def requested(site_packages: Sequence[str], packages: Collection[str]) -> frozenset[str]:
    """Return the names that an installer marked as requested (PEP 376); else those that no other package requires.

    Images are built without such marks, to be reproducible.
    """
    marked = {
        decodable(normalize(path.parent.name.partition("-")[0]))
        for site in site_packages
        for path in glob(Path(site), "*.dist-info/REQUESTED")
    }
    if marked:
        return frozenset(marked & set(packages))
    required = {_name(text) for _, text in requirements(site_packages) if not _OF_EXTRA.search(text)}
    return frozenset(set(packages) - required)


def requirements(site_packages: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield `name version` of each package with each of its requirements."""
    for site in site_packages:
        for path in glob(Path(site), "*.dist-info/METADATA"):
            name, _, rest = path.parent.name.partition("-")
            owner = decodable(f"{normalize(name)} {rest.rpartition('.')[0]}")
            for line in read_head(path, _HEADER_LIMIT).partition("\n\n")[0].splitlines():
                if line.startswith("Requires-Dist:"):
                    yield owner, line.partition(":")[2].strip()


def _name(requirement: str) -> str:
    """Return the distribution that a requirement names."""
    end = next((at for at, letter in enumerate(requirement) if not (letter.isalnum() or letter in "-_.")), None)
    return normalize(requirement[:end])
