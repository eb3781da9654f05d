"""The facts of a base image that the expansion needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Base",
    "Interpreter",
    "Libc",
    "UserEntry",
    "has_only_openssl_3",
    "is_of_debian",
    "libc_of_release",
]

# VERSION_CODENAME of os-release -> glibc. For others it is read from the library itself.
_GLIBC_OF_RELEASE = {
    "buster": (2, 28),
    "bullseye": (2, 31),
    "bookworm": (2, 36),
    "trixie": (2, 41),
    "focal": (2, 31),
    "jammy": (2, 35),
    "noble": (2, 39),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Libc:
    """The C library, which determines the interpreters that can start."""

    kind: Literal["glibc", "musl"]
    version: tuple[int, int]
    """`(2, 36)`; for musl `(0, 0)`, since nothing depends on it."""

    @property
    def name(self) -> str:
        """`glibc 2.36` or `musl`, as locks have it."""
        return "musl" if self.kind == "musl" else "glibc {}.{}".format(*self.version)

    @classmethod
    def named(cls, name: str) -> Libc:
        """Return the C library of a `name`."""
        if name == "musl":
            return cls(kind="musl", version=(0, 0))
        major, _, minor = name.removeprefix("glibc ").partition(".")
        return cls(kind="glibc", version=(int(major), int(minor)))


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


def libc_of_release(codename: str) -> Libc | None:
    """Return the glibc of a release of Debian or Ubuntu, or None if it is not known."""
    version = _GLIBC_OF_RELEASE.get(codename)
    return Libc(kind="glibc", version=version) if version else None


def has_only_openssl_3(libc: Libc) -> bool:
    """Return whether distributions with this glibc ship OpenSSL 3, and no official Python for it is built with that.

    glibc 2.34 and 2.35: RHEL 9 and its derivatives, Amazon Linux 2023, Ubuntu 22.04. Debian went from 2.31 to 2.36.
    """
    return libc.kind == "glibc" and (2, 34) <= libc.version < (2, 36)


def is_of_debian(base: Base) -> bool:
    """Return whether the base is assumed to have Debian's libraries and packages, as unknown bases are."""
    return base.distribution in {None, "debian", "ubuntu"} or libc_of_release(base.suite or "") is not None
