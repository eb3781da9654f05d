"""One build: the engine, the client's options, the user's file, and the delegate's other inputs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import llb
from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.solve.context import ClientFolder, ContextFiles, EngineFileSystem
from pyenv_frontend.solve.image_lookup import CANONICAL_PLATFORMS, DelegatedLookup, Lookup
from pyenv_frontend.stages.analyze import Settings, read
from pyenv_frontend.stages.scope import after_triggers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.buildkit.api import Bridge, Reply
    from pyenv_frontend.dockerfile import Document
    from pyenv_frontend.solve.build_options import BuildOptions
    from pyenv_frontend.solve.ignore_files import IgnoreFiles
    from pyenv_frontend.solve.image_lookup import PlatformImage
    from pyenv_frontend.solve.source import UserFile
    from pyenv_frontend.stages.program import Program

__all__ = ["BuildSession"]


class BuildSession:
    """The state of one build, common to all Dockerfiles that the delegate reads.

    Args:
        bridge: the engine.
        options: the client's options.
        file: the user's Dockerfile.
        document: the same, parsed.
        inputs: graphs that the client handed over, by name.
        ignore_files: the ignore files.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # it is what they are together
        self,
        bridge: Bridge,
        options: BuildOptions,
        file: UserFile,
        document: Document,
        inputs: Mapping[str, wire.Definition],
        ignore_files: IgnoreFiles,
    ) -> None:
        self.bridge = bridge
        self.options = options
        self.file = file
        self.document = document
        self._inputs = dict(inputs)
        if file.context is not None:
            self._inputs["context"] = file.context
        self._ignore_files = ignore_files

    @cached_property
    def context(self) -> ContextFiles:
        """The build context."""
        definition = self._inputs.get("context")
        store = (
            ClientFolder(self.bridge, self.options) if definition is None else EngineFileSystem(self.bridge, definition)
        )
        return ContextFiles(self.bridge, store, lambda: self._ignore_files.rules)

    @cached_property
    def outline(self) -> Program:
        """The file as far as it is known without its base images; PYENVs that need more are left out."""
        settings = self.settings(reachable_only=self.options.request is None)
        return read(self.document, settings, report=lambda _error: None)

    def settings(self, platform: str = "", *, reachable_only: bool = False) -> Settings:
        """Return the build's settings for one of its platforms."""
        return Settings(
            build_args=self.options.build_args,
            build_platform=self.options.build_platform,
            target_platform=platform or (self.options.platforms[0] if self.options.platforms else None),
            target=self.options.target or "",
            reachable_only=reachable_only,
        )

    def target(self, platform: str | None) -> str:
        """Return a platform, or that of the build where it is empty; of several, the first one."""
        return platform or self.settings().target_platform or self.options.build_platform

    def inputs(self, dockerfile: bytes, step: str) -> dict[str, wire.Definition]:
        """Return the graphs for the delegate, with a Dockerfile where it looks for one.

        An ignore file of the user's Dockerfile alone is put beside it.

        Args:
            dockerfile: its text.
            step: the name of the step that writes it, in the build's progress.
        """
        files = {self.options.filename: dockerfile}
        if self._ignore_files.own is not None:
            files[f"{self.options.filename}.dockerignore"] = self._ignore_files.own[1]
        return self._inputs | {"dockerfile": llb.definition(llb.written(files, f"[internal] {step}"))}

    def image_variables(self, reference: str, platform: str | None) -> Mapping[str, str]:
        """Return the ENV of an image; empty if the image is not available, which Docker reports.

        The image's triggers fire with FROM, so what they set in ENV holds as well.
        """
        try:
            image = self.look_up(reference, self.target(platform)).get()
        except (CallError, ValueError):
            return {}
        return after_triggers(image.config.get("OnBuild") or (), "", image.env)[1]

    def can_look_up(self, reference: str, platform: str) -> bool:
        """Tell whether an image can be looked up without the delegate."""
        named = reference == "scratch" or self.options.is_named_context(reference)
        return not named and platform in CANONICAL_PLATFORMS

    def look_up(self, reference: str, platform: str) -> Reply[PlatformImage]:
        """Start to look an image up for one platform, with the named contexts and policies of this build."""
        if self.can_look_up(reference, platform):
            prefix = f"{platform} " if len(self.options.platforms) > 1 else ""
            return Lookup(self.bridge, reference, platform, self.options.resolve_mode, prefix=prefix)
        options = self.options.for_platform(self.options.for_base(), platform)
        return DelegatedLookup(self.ask(options, f"FROM {reference}\n".encode(), f"look up {reference}"))

    def ask(self, options: Mapping[str, str], dockerfile: bytes, step: str) -> Reply[wire.Result]:
        """Let the delegate build a generated Dockerfile."""
        return self.bridge.solve_frontend(self.options.delegate.frontend, options, self.inputs(dockerfile, step))
