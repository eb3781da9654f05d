"""The images that the steps of a build mount: which image, for which platform, under which name.

Docker's frontend looks up an image of `--mount=from=` for the target platform, whatever the platform of the stage, and
reports a missing one without a line of the user's file. So the images are looked up here, for the platform of the
stage, and passed on as named contexts. A stage that `--from` names stays as it is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import llb
from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.errors import UserError
from pyenv_frontend.positions import Location
from pyenv_frontend.solve.own_image import own_image

if TYPE_CHECKING:
    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.buildkit.api import Reply
    from pyenv_frontend.expansion.interpreter_choice import Graft
    from pyenv_frontend.positions import Span
    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_frontend.solve.image_lookup import PlatformImage
    from pyenv_frontend.solve.session import BuildSession
    from pyenv_frontend.stages.program import Program, Stage

__all__ = ["MountedImages"]

_TOOLS = "pyenv-frontend-tools"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lookup:
    """An image that is being looked up."""

    reply: Reply[PlatformImage]
    missing: _Missing | None
    """What to say if it is not available; None for our own image, of which the engine says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Missing:
    """The error of an image that a PYENV needs and that is not available."""

    text: str
    span: Span
    hint: str


class MountedImages:
    """`expansion.step_images.StepImages` for one target platform of a build; each image is looked up at once.

    Args:
        session: the build.
        program: the user's file.
        platform: the target platform; empty if the build has a single one.
    """

    def __init__(self, session: BuildSession, program: Program, platform: str) -> None:
        self._session = session
        self._program = program
        self._suffix = f"::{platform}" if platform else ""
        self._target = session.target(platform)
        self._names: dict[tuple[str, str], str] = {}
        self._lookups: dict[str, _Lookup] = {}
        self._native_tools: set[str] = set()
        self.identities: dict[str, str] = {}
        """What the layers of each image are, by the digest of the op that loads it; filled by `contexts`."""

    @property
    def onbuild_tools(self) -> str:
        """See `StepImages.onbuild_tools`."""
        return self._session.options.frontend_image

    def tools(self, stage: Stage) -> str:
        """See `StepImages.tools`: the engine has our own image already, for the platform of its machine."""
        platform = stage.root_platform or self._target
        if platform == self._session.options.build_platform:
            self._native_tools.add(_TOOLS)
            return _TOOLS
        return self._named(self._session.options.frontend_image, platform, None)

    def interpreter(self, graft: Graft, stage: Stage, pyenv: Pyenv) -> str:
        """See `StepImages.interpreter`."""
        missing = _Missing(
            text=f"{graft.image}, {graft.reason}, is not available",
            span=pyenv.options.span("from") or pyenv.version.span,
            hint="use another image for this PYENV (--from=IMAGE), replace this one in the build "
            f"(--build-context {graft.image}=docker-image://IMAGE), or take all Python images from a registry of "
            "your own (--build-arg PYENV_PYTHON_IMAGE=registry.example.com/python)",
        )
        return self._of_pyenv(graft.image, stage, missing)

    def is_replaced(self, image: str) -> bool:
        """See `StepImages.is_replaced`."""
        return self._session.options.is_named_context(image)

    def uv(self, image: str, stage: Stage, pyenv: Pyenv) -> str:
        """See `StepImages.uv`."""
        missing = _Missing(
            text=f"{image}, which has the uv of --uv={pyenv.options.uv}, is not available",
            span=pyenv.options.span("uv") or pyenv.instruction.span,
            hint="write a version of uv (--uv=0.9.0), an image or a stage that has one, or replace this image in the "
            f"build (--build-context {image}=docker-image://IMAGE)",
        )
        return self._of_pyenv(image, stage, missing)

    def contexts(self) -> dict[str, wire.Definition]:
        """Wait for the images; return the graph of each by the name of its context.

        Raises:
            UserError: the image of an interpreter or a uv is not available.
            CallError: our own image is not available for another platform.
        """
        graphs = {f"{name}{self._suffix}": own_image() for name in self._native_tools}
        for name, lookup in self._lookups.items():
            try:
                image = lookup.reply.get()
            except CallError as error:
                if lookup.missing is None:
                    raise
                raise UserError(
                    f"{lookup.missing.text}: {error.status.message}",
                    Location(self._program.document.file, lookup.missing.span),
                    hint=lookup.missing.hint,
                ) from error
            if image.identity:
                self.identities[llb.output_of(image.graph).digest] = image.identity
            graphs[f"{name}{self._suffix}"] = image.graph
        return graphs

    def _of_pyenv(self, reference: str, stage: Stage, missing: _Missing) -> str:
        if self._program.stage(reference) is not None:
            return reference
        return self._named(reference, stage.root_platform or self._target, missing)

    def _named(self, reference: str, platform: str, missing: _Missing | None) -> str:
        """Start to look an image up, once; return the name of its context."""
        key = (reference, platform)
        if key not in self._names:
            slug = re.sub(r"[^a-z0-9.]+", "-", reference.lower()).strip("-.")
            system = "" if platform == self._target else "-on-" + re.sub(r"[^a-z0-9]+", "-", platform.lower())
            name = f"pyenv-image-{slug}{system}"
            while name in self._names.values() or self._program.stage(name) is not None:
                name += "-2"
            self._names[key] = name
            reply = self._session.look_up(reference, platform)
            self._lookups[name] = _Lookup(reply=reply, missing=missing)
        return self._names[key]
