"""The graph of the image that this frontend runs from, which the engine stores for it."""

from __future__ import annotations

from pyenv_frontend.buildkit import wire_pb2 as wire

__all__ = ["own_image"]

_STORED = "/run/config/buildkit/metadata/frontend.bin"


def own_image() -> wire.Definition:
    """Read the graph as the engine wrote it.

    Raises:
        OSError: the engine is older than BuildKit 0.10.
    """
    with open(_STORED, "rb") as stored:  # noqa: PTH123  # pathlib would be loaded for nothing else
        return wire.Definition.FromString(stored.read())
