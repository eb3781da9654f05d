"""Read the metadata of an environment's packages: their requirements, and which were requested by name."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_venv.environments.facts import normalize
from airflow_venv.environments.files import decodable, list_folder, read_head

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["PackageMetadata", "Requirement", "read_metadata"]

_HEADER_LIMIT = 1_000_000
"""Bytes of a METADATA that are read at most; its header has a few thousand, a readme may follow."""
_OF_EXTRA = re.compile(r";.*\bextra\s*==")


@dataclass(frozen=True)
class Requirement:
    """One requirement of a package."""

    owner: str
    """The package, `name version`."""
    text: str


@dataclass(frozen=True)
class PackageMetadata:
    """The metadata of all packages of an environment."""

    requirements: tuple[Requirement, ...]
    marked: frozenset[str]
    """Names that an installer marked as requested (PEP 376)."""
    unreadable: tuple[str, ...]
    """A sentence for each file that is there and cannot be read."""

    def requested(self, packages: Collection[str]) -> frozenset[str]:
        """Return the packages that were requested by name; the others are their dependencies.

        Images are built without an installer's marks, to be reproducible: then it is what no other package requires.
        """
        if self.marked:
            return frozenset(self.marked & set(packages))
        required = {_name(one.text) for one in self.requirements if not _OF_EXTRA.search(one.text)}
        return frozenset(set(packages) - required)


def read_metadata(site_packages: Iterable[str]) -> PackageMetadata:
    """Read the `*.dist-info` folders of all packages."""
    requirements: list[Requirement] = []
    marked: set[str] = set()
    unreadable: list[str] = []
    for site in site_packages:
        for entry in list_folder(site).names:
            stem, _, kind = entry.rpartition(".")
            if kind != "dist-info":
                continue
            folder = os.path.join(site, entry)  # noqa: PTH118 - thousands of them
            name, _, version = stem.partition("-")
            name = normalize(name)
            if os.path.exists(os.path.join(folder, "REQUESTED")):  # noqa: PTH110, PTH118
                marked.add(decodable(name))
            head = read_head(os.path.join(folder, "METADATA"), _HEADER_LIMIT)  # noqa: PTH118
            header, end, _ = head.text.partition("\n\n")
            problem = head.problem or (list_folder(folder).problem if not head.text else "")
            if not (end or head.is_whole):
                problem = f"the header of its METADATA is longer than {_HEADER_LIMIT:,} bytes; the rest was not read."
            if problem:
                unreadable.append(f"{decodable(name)}: {problem}")
            owner = decodable(f"{name} {version}")
            lines = (line for line in header.splitlines() if line.startswith("Requires-Dist:"))
            requirements += [Requirement(owner, line.partition(":")[2].strip()) for line in lines]
    return PackageMetadata(tuple(requirements), frozenset(marked), tuple(unreadable))


def _name(requirement: str) -> str:
    """Return the distribution that a requirement names."""
    end = next((at for at, letter in enumerate(requirement) if not (letter.isalnum() or letter in "-_.")), None)
    return normalize(requirement[:end])
