"""The `[[packages]]` tables that uv writes, in the form in which a lock of ours has them."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from pyenv_frontend.lock.lockfile import files_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CredentialError", "portable", "read_packages"]

_SECRET: Final = re.compile(
    r"token|signature|sig|password|passwd|secret|credential|apikey|accesskey|auth|authorization|jwt", re.IGNORECASE
)
"""The last word, or two, of the name of a parameter whose value lets in who has it."""


class CredentialError(ValueError):
    """An address has a credential that cannot be left out; `str()` says which."""


def read_packages(lock: bytes) -> list[dict[str, Any]]:
    """Return the tables of a lock of uv; the wheel of an address is one of the package's wheels."""
    packages: list[dict[str, Any]] = tomllib.loads(lock.decode("utf-8")).get("packages", [])
    for package in packages:
        if _is_wheel(package.get("archive", {})):
            # Nothing is built: it is installed as a wheel of an index is.
            package["wheels"] = [package.pop("archive")]
    return packages


def portable(package: dict[str, Any], folder: Path, context: Path, lock_folder: Path) -> dict[str, Any]:
    """Return a package table that means the same in the lock on another machine, and holds no credentials.

    Args:
        package: the table.
        folder: what its relative paths are relative to.
        context: the build context, whose files are named by paths.
        lock_folder: the folder of the lock, which these are relative to.

    Raises:
        CredentialError: an address does not work without a credential.
    """
    for file in files_of(package):
        path = file.get("path") or _path_of(file.get("url", ""), context)
        if path:
            place = Path(os.path.normpath(folder / path))
            if place.is_file():
                file["size"] = place.stat().st_size
            file.pop("url", None)
            file["path"] = Path(os.path.relpath(place, lock_folder)).as_posix()
    for table in (package, package.get("vcs", {}), *files_of(package)):
        for key in ("url", "index"):
            if isinstance(table.get(key), str):
                table[key] = _without_credentials(table[key], package["name"])
    return package


def _is_wheel(archive: Mapping[str, Any]) -> bool:
    place = urlsplit(archive.get("url", "")).path or archive.get("path", "")
    return place.endswith(".whl") and "subdirectory" not in archive and bool(archive.get("hashes"))


def _path_of(url: str, context: Path) -> str:
    """Return the path that a `file:` URL has, if it is in the build context; else an empty text."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    return path if parts.scheme == "file" and Path(path).is_relative_to(context) else ""


def _without_credentials(url: str, package: str) -> str:
    parts = urlsplit(url)
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        words = re.split(r"[-_.]", name)
        if any(_SECRET.fullmatch("".join(words[-count:])) for count in (1, 2)):
            raise CredentialError(f"the address of {package} has one: {name}=...")
    user, _, host = parts.netloc.rpartition("@")
    if parts.scheme.endswith("ssh") and user:  # its name is not secret, and without it there is no connection
        host = f"{user.partition(':')[0]}@{host}"
    return urlunsplit(parts._replace(netloc=host))
