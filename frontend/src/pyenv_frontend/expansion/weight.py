"""Find the heavy distributions of a lock, which are installed apart from the rest and survive an edit of a small one.

Pure. A part of a lock is a lock by itself, with the `[[packages]]` tables of its distributions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["HEAVY", "Parts", "split", "without_size"]

HEAVY: Final = 50_000_000
"""The size in bytes from which on a distribution is heavy."""

_KEYS: Final = ("name", "version", "marker", "requires-python", "index")
_KEYS_OF_WHEELS: Final = ("name", "url", "size", "hashes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A lock in two parts, each a lock in TOML."""

    heavy: bytes
    rest: bytes
    names: tuple[str, ...]
    """The distributions of the heavy part."""


def split(packages: Sequence[Mapping[str, Any]], head: Mapping[str, Any] = MappingProxyType({})) -> Parts | None:
    """Split a lock of wheels with hashes.

    A distribution is heavy if one of its wheels is, whichever of them a platform takes.

    Args:
        packages: the `[[packages]]` tables.
        head: what of the lock is about all packages, and so in both parts.

    Returns:
        Its parts; None if no distribution is heavy, or one has no address and is found beside the lock.
    """
    heavy = [package for package in packages if any(wheel.get("size", 0) >= HEAVY for wheel in package["wheels"])]
    if not heavy or not all("url" in wheel for package in packages for wheel in package["wheels"]):
        return None
    rest = [package for package in packages if package not in heavy]
    return Parts(heavy=_lock(heavy, head), rest=_lock(rest, head), names=tuple(package["name"] for package in heavy))


def without_size(packages: Iterable[Mapping[str, Any]]) -> str:
    """Return the name of a distribution whose size a lock does not say, or an empty text."""
    unknown = (
        package["name"] for package in packages if not all("size" in wheel for wheel in package.get("wheels", ()))
    )
    return next(unknown, "")


def _lock(packages: Sequence[Mapping[str, Any]], head: Mapping[str, Any]) -> bytes:
    """Write a lock: what an installer reads of it, in a form that is the same for the same packages."""
    tables = [
        {
            **{key: package[key] for key in _KEYS if key in package},
            "wheels": [{key: wheel[key] for key in _KEYS_OF_WHEELS if key in wheel} for wheel in package["wheels"]],
        }
        for package in packages
    ]
    lines = ['lock-version = "1.0"', 'created-by = "pyenv-frontend"']
    lines += [*(f"{key} = {_value(value)}" for key, value in head.items()), *([] if tables else ["packages = []"])]
    for table in tables:
        lines += ["", "[[packages]]", *(f"{key} = {_value(value)}" for key, value in table.items())]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_value(key)} = {_value(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, int):
        return str(value)
    # JSON's text is TOML's, but for one character that JSON has as it is.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
