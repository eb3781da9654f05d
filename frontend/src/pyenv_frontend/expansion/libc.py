"""The C library of a base image, and those of the releases of Debian and Ubuntu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Libc", "has_only_openssl_3", "libc_of_release"]

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


def libc_of_release(codename: str) -> Libc | None:
    """Return the glibc of a release of Debian or Ubuntu, or None if it is not known."""
    version = _GLIBC_OF_RELEASE.get(codename)
    return Libc(kind="glibc", version=version) if version else None


def has_only_openssl_3(libc: Libc) -> bool:
    """Return whether distributions with this glibc ship OpenSSL 3, and no official Python for it is built with that.

    glibc 2.34 and 2.35: RHEL 9 and its derivatives, Amazon Linux 2023, Ubuntu 22.04. Debian went from 2.31 to 2.36.
    """
    return libc.kind == "glibc" and (2, 34) <= libc.version < (2, 36)
