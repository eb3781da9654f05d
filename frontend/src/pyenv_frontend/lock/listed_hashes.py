"""The hashes that requirements list for their files (`--hash`): a lock takes no other file.

`uv pip compile` does not compare them, and a build does not see them once there is a lock. It does take the hash that
an address has (`#sha256=`).
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pyenv_image.pip_format import REQUIREMENT, read_statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["UnlistedFilesError", "keep_listed_files", "listed_hashes"]


class UnlistedFilesError(Exception):
    """A package has no file with a hash that is listed; `str()` says which."""


def listed_hashes(texts: Iterable[str]) -> dict[str, set[str]]:
    """Return the hashes that requirements files list, by the names of packages: `sha256:...`.

    Args:
        texts: the files.
    """
    listed: dict[str, set[str]] = {}
    for text in texts:
        name, line = "", 0
        for statement in read_statements(text):
            if statement.kind == REQUIREMENT:
                name, line = _name(statement.value), statement.line
            elif name and statement.line == line and statement.option == "--hash":
                listed.setdefault(name, set()).add(statement.value.lower())
    return listed


def keep_listed_files(packages: list[dict[str, Any]], listed: Mapping[str, set[str]], platform: str) -> None:
    """Leave out the files of packages whose hashes are not among those that are listed for the package.

    Args:
        packages: `[[packages]]` tables, changed in place.
        listed: see `listed_hashes`.
        platform: what they were resolved for.

    Raises:
        UnlistedFilesError: no file of a package is left.
    """
    for package in packages:
        hashes = listed.get(package["name"])
        if not hashes or "directory" in package or "vcs" in package:
            continue
        wheels = [wheel for wheel in package.get("wheels", ()) if _is_listed(wheel, hashes)]
        others = [key for key in ("sdist", "archive") if key in package and _is_listed(package[key], hashes)]
        if not (wheels or others):
            version = package.get("version", "")
            raise UnlistedFilesError(
                f"{package['name']} {version} has no file for {platform} with a hash that is listed"
            )
        for key in {"wheels", "sdist", "archive"} & package.keys():
            if key == "wheels" and wheels:
                package[key] = wheels
            elif key not in others:
                del package[key]


def _is_listed(file: Mapping[str, Any], hashes: set[str]) -> bool:
    return any(f"{name}:{digest}" in hashes for name, digest in file.get("hashes", {}).items())


def _name(requirement: str) -> str:
    """Return the name of the package that a requirement asks for; of an address alone, that of its file."""
    try:
        return canonicalize_name(Requirement(requirement).name)
    except InvalidRequirement:
        return canonicalize_name(unquote(posixpath.basename(urlsplit(requirement).path)).partition("-")[0])
