"""Choose the official `python:` image that an interpreter is grafted from, by the base's C library."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyenv_frontend.expansion.libc import Libc

__all__ = ["SUITES", "image"]

# Debian's releases, newest first, with their glibc, and the oldest and newest series that `python:X.Y-slim-<suite>` was
# ever published for (docker-library/python; tags of old series are frozen, not withdrawn).
SUITES: dict[str, tuple[tuple[int, int], tuple[int, int], tuple[int, int]]] = {
    "trixie": ((2, 41), (3, 9), (3, 99)),
    "bookworm": ((2, 36), (3, 7), (3, 99)),
    "bullseye": ((2, 31), (3, 6), (3, 13)),
    "buster": ((2, 28), (3, 5), (3, 12)),
}


def image(version: str, series: str, *, libc: Libc, suite: str | None, repository: str = "python") -> str | None:
    """Return the image to graft `version` from, or None when none can run on that C library.

    Args:
        version: the version as the user wrote it, which is the tag's first part.
        series: `3.8`.
        libc: of the base image.
        suite: of the base image; its own release is preferred, since the libraries' names agree.
        repository: what holds the official images, or a mirror of them.
    """
    if libc.kind == "musl":
        return f"{repository}:{version}-alpine"
    major, minor = series.split(".")
    minimum = (int(major), int(minor))
    fitting = [
        name
        for name, (glibc, oldest, newest) in SUITES.items()
        if glibc <= libc.version and oldest <= minimum <= newest
    ]
    if not fitting:
        return None
    return f"{repository}:{version}-slim-{suite if suite in fitting else fitting[0]}"
