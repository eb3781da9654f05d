"""What the delegate is handed besides a Dockerfile: options, the build context, the ignore file, our own image."""

from __future__ import annotations

__all__ = ["Handover"]

import json
from functools import cached_property
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import llb
from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.inputs.dockerignore import DockerIgnore
from pyenv_frontend.solve import build_options as opts
from pyenv_frontend.solve.base_images import IMAGE_CONFIG
from pyenv_frontend.solve.context import EngineContext, Local, Whole, ignore_file
from pyenv_frontend.solve.own_image import own_image
from pyenv_frontend.stages.analyze import Settings
from pyenv_frontend.stages.scope import after_triggers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyenv_frontend.buildkit.api import Bridge, Reply
    from pyenv_frontend.dockerfile import Document
    from pyenv_frontend.solve.build_options import Options
    from pyenv_frontend.solve.source import UserFile


class Handover:
    """One build's surroundings, the same for every Dockerfile that we let the delegate read."""

    def __init__(
        self,
        bridge: Bridge,
        options: Options,
        file: UserFile,
        document: Document,
        inputs: Mapping[str, wire.Definition],
    ) -> None:
        self.bridge = bridge
        self.options = options
        self.file = file
        self.document = document
        self._inputs = dict(inputs)
        if file.context is not None:
            self._inputs["context"] = file.context
        self._inputs[opts.TOOLS] = own_image()
        self._local = None if "context" in self._inputs else Local(bridge, options)

    def load(self, paths: Iterable[str]) -> None:
        """Load files of the context together that are going to be read one by one."""
        if self._local is not None:
            self._local.load(paths)

    @cached_property
    def context(self) -> EngineContext:
        """The build context."""
        if self._local is None:
            return EngineContext(self.bridge, Whole(self.bridge, self._inputs["context"]), DockerIgnore())
        return EngineContext(self.bridge, self._local, self._ignore[0])

    @cached_property
    def _ignore(self) -> tuple[DockerIgnore, tuple[str, bytes] | None]:
        return (DockerIgnore(), None) if self._local is None else ignore_file(self.bridge, self.file, self._local)

    def settings(self, platform: str = "") -> Settings:
        """Give what the build says to the file from outside, for one of its platforms."""
        options = self.options
        return Settings(
            build_args=options.build_args,
            build_platform=options.build_platform,
            target_platform=platform or (options.platforms[0] if options.platforms else None),
            target=options.target or "",
        )

    def inputs(self, dockerfile: bytes, step: str) -> dict[str, wire.Definition]:
        """Give the graphs for the delegate, with a Dockerfile where it looks for one.

        The ignore file that belongs to the user's Dockerfile alone is looked for beside it.

        Args:
            dockerfile: its text.
            step: what writing it down is called in the build's progress.
        """
        files = {self.options.filename: dockerfile}
        own = self._ignore[1]
        if own is not None:
            files[f"{self.options.filename}.dockerignore"] = own[1]
        return self._inputs | {"dockerfile": llb.definition(llb.written(files, f"[internal] {step}"))}

    def image_variables(self, reference: str, platform: str | None) -> Mapping[str, str]:
        """Give the ENV of an image by its configuration alone; nothing where Docker will say that there is none.

        Its triggers fire with FROM, so that what they say of ENV holds as well.
        """
        try:
            config = json.loads(self._image_config(reference, platform)).get("config") or {}
        except (CallError, ValueError):
            return {}
        env = dict(entry.partition("=")[::2] for entry in config.get("Env") or [])
        return after_triggers(config.get("OnBuild") or (), "", env)[1]

    def _image_config(self, reference: str, platform: str | None) -> bytes:
        wanted = platform or self.settings().target_platform or self.options.build_platform
        if self.options.is_named_context(reference):  # an image, a folder, another target: the delegate knows
            asked = self.options.for_platform(self.options.for_base(), wanted)
            result = self.ask(asked, f"FROM {reference}\n".encode(), "look at the base image").get()
            configs = [value for key, value in result.metadata.items() if key.startswith(IMAGE_CONFIG)]
            return configs[0] if configs else b"{}"
        system, architecture, variant = [*wanted.split("/"), "", ""][:3]
        return (
            self.bridge.resolve_image(
                reference,
                wire.Platform(os=system, architecture=architecture, variant=variant),
                mode=self.options.resolve_mode,
                log_name=f"[internal] load metadata for {reference}",
            )
            .get()
            .config
        )

    def ask(self, options: Mapping[str, str], dockerfile: bytes, step: str) -> Reply[wire.Result]:
        """Let the delegate work on a Dockerfile of ours."""
        return self.bridge.solve_frontend(self.options.delegate.frontend, options, self.inputs(dockerfile, step))
