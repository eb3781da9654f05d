"""Names of images, in the form that the engine's image store uses.

Source of truth: distribution/reference `ParseNormalizedNamed` and `TagNameOnly`.
"""

from __future__ import annotations

__all__ = ["familiar", "normalized"]

_HUB, _OFFICIAL, _LATEST = "docker.io/", "library/", ":latest"


def normalized(reference: str) -> str:
    """Return an image's full name: `debian` is `docker.io/library/debian:latest`."""
    domain, slash, rest = reference.partition("/")
    if not slash or not ({".", ":"} & {*domain} or domain == "localhost" or domain != domain.lower()):
        domain, rest = _HUB.rstrip("/"), reference
    elif domain == "index.docker.io":
        domain = _HUB.rstrip("/")
    if domain == _HUB.rstrip("/") and "/" not in rest:
        rest = _OFFICIAL + rest
    has_tag = ":" in rest.rpartition("/")[2]
    return f"{domain}/{rest}" if has_tag or "@" in rest else f"{domain}/{rest}{_LATEST}"


def familiar(reference: str) -> str:
    """Return the shortest name of an image, which is how named contexts (`--build-context`) are looked up."""
    return normalized(reference).removeprefix(_HUB).removeprefix(_OFFICIAL).removesuffix(_LATEST)
