"""The facts of a base image that the expansion needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyenv_frontend.expansion.libc import libc_of_release

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenv_frontend.expansion.libc import Libc

__all__ = ["Base", "Interpreter", "UserEntry", "is_of_debian"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python that the image has already."""

    path: str
    version: str | None
    """`3.12.4`, or None where only the series is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEntry:
    """A line of the image's `/etc/passwd`."""

    uid: int
    gid: int
    home: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The facts of one base image on one platform."""

    reference: str
    """As FROM names it."""

    suite: str | None = None
    """`VERSION_CODENAME` of its os-release: `bookworm`."""

    distribution: str | None = None
    """`ID` of its os-release: `debian`, `alpine`."""

    architecture: str = ""
    """Of its platform: `amd64`; empty if it is not known."""

    libc: Libc | None = None
    """None when no C library was found (`scratch`, a static image)."""

    user: str = "root"
    """`USER` of its config."""

    env: Mapping[str, str] = field(default_factory=dict)
    """`ENV` of its config."""

    triggers: tuple[str, ...] = ()
    """`ONBUILD` of its config, where the expansion takes their work over."""

    layers: int = 0
    """How many it has; 0 if that is not known."""

    openssl: frozenset[str] = frozenset()
    """Its OpenSSL libraries (`libssl.so.3`), looked up only if they do not follow from the C library."""

    interpreters: Mapping[str, Interpreter] = field(default_factory=dict)
    """By series: `3.12`."""

    accounts: Mapping[str, UserEntry] = field(default_factory=dict)
    """By name, and by number as text."""


def is_of_debian(base: Base) -> bool:
    """Return whether the base is assumed to have Debian's libraries and packages, as unknown bases are."""
    return base.distribution in {None, "debian", "ubuntu"} or libc_of_release(base.suite or "") is not None
