"""Images, looked up for one platform: what they are, and the graph that loads them.

The engine resolves a name as it does for Docker's frontend: with the build's policies, mirrors and `--pull`. What
replaces an image (`--build-context`, a linked target of bake) is known to the delegate alone, which is then given a
Dockerfile that begins with it. That takes ten times as long.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyenv_frontend.buildkit import llb, results
from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.solve.image_names import normalized
from pyenv_frontend.solve.step_names import image_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenv_frontend.buildkit.api import Bridge, ImageFacts, Reply

__all__ = ["CANONICAL_PLATFORMS", "DelegatedLookup", "Lookup", "PlatformImage"]

CANONICAL_PLATFORMS = frozenset(
    {
        "linux/386",
        "linux/amd64",
        "linux/arm/v6",
        "linux/arm/v7",
        "linux/arm64",
        "linux/ppc64le",
        "linux/riscv64",
        "linux/s390x",
    }
)
"""Platforms as the engine writes them. Only the delegate understands others (`arm64`, `linux/arm64/v8`)."""

_RESOLVE_MODE = "image.resolvemode"
_MODES = ("pull", "local")
"""The modes of BuildKit's `source.containerimage` that are no default, and are written into the graph."""


@dataclass(frozen=True, slots=True)
class PlatformImage:
    """An image on one platform.

    Attributes:
        configuration: its OCI image configuration; empty if it has none.
        graph: the graph that loads it.
    """

    configuration: Mapping[str, Any]
    graph: wire.Definition

    @property
    def config(self) -> Mapping[str, Any]:
        """The `config` part of the configuration (`Env`, `OnBuild`)."""
        config: Mapping[str, Any] = self.configuration.get("config") or {}
        return config

    @property
    def env(self) -> dict[str, str]:
        """The variables of the configuration."""
        return dict(str(entry).partition("=")[::2] for entry in self.config.get("Env") or ())

    @property
    def identity(self) -> str:
        """A digest of the digests of its layers; empty if nothing is known of its layers."""
        layers = (self.configuration.get("rootfs") or {}).get("diff_ids")
        return llb.digest_of(json.dumps(layers).encode()) if layers else ""


class Lookup:
    """A lookup by the engine, which has begun.

    Args:
        bridge: the engine.
        reference: the image.
        platform: `linux/arm64`.
        mode: how it is resolved: empty, `default`, `pull` or `local`.
        prefix: the beginning of the step's name, which has the platform if the build has several.
    """

    def __init__(self, bridge: Bridge, reference: str, platform: str, mode: str, *, prefix: str = "") -> None:
        system, architecture, variant = [*platform.split("/"), "", ""][:3]
        self._platform = wire.Platform(os=system, architecture=architecture, variant=variant)
        self._attrs = {_RESOLVE_MODE: mode} if mode in _MODES else {}
        name = normalized(reference)
        log_name = f"[{prefix}internal] load metadata for {name}"
        self._reply: Reply[ImageFacts] = bridge.resolve_image(name, self._platform, mode=mode, log_name=log_name)

    def get(self) -> PlatformImage:
        """Wait for the image; see `api.Reply`."""
        facts = self._reply.get()
        name = f"{facts.name}@{facts.digest}" if facts.digest and "@" not in facts.name else facts.name
        source = llb.source(f"docker-image://{name}", self._attrs, f"FROM {name}", self._platform)
        return PlatformImage(json.loads(facts.config), llb.definition(source))


class DelegatedLookup:
    """A lookup by the delegate, which has begun.

    Args:
        reply: its answer to a Dockerfile that begins with the image.
    """

    def __init__(self, reply: Reply[wire.Result]) -> None:
        self._reply = reply

    def get(self) -> PlatformImage:
        """Wait for the image; see `api.Reply`."""
        result = self._reply.get()
        (ref,) = results.file_systems(result).values()
        for metadata in ref.definition.metadata.values():
            if llb.NAME in metadata.description:
                metadata.description[llb.NAME] = image_name(metadata.description[llb.NAME])
        return PlatformImage(results.image_configuration(result), ref.definition)
