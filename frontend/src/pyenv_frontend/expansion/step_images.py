"""The images that generated steps mount: our tools, the interpreter that a graft copies, and the uv of `--uv`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pyenv_frontend.expansion.interpreter_choice import Graft
    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_frontend.stages.program import Stage

__all__ = ["ImagesByName", "StepImages"]


class StepImages(Protocol):
    """The names of images that the steps of one build write after `--mount=from=`."""

    @property
    def onbuild_tools(self) -> str:
        """The image with our tools for triggers, which run in another build, maybe with another frontend."""
        ...

    def tools(self, stage: Stage) -> str:
        """Return what has our tools (`/tools`) for the steps of a stage."""
        ...

    def interpreter(self, graft: Graft, stage: Stage, pyenv: Pyenv) -> str:
        """Return what has the interpreter of a graft that a PYENV of a stage needs."""
        ...

    def is_replaced(self, image: str) -> bool:
        """Return whether the build puts something else in place of an image (`--build-context`)."""
        ...

    def uv(self, image: str, stage: Stage, pyenv: Pyenv) -> str:
        """Return what has the uv of the image or stage that a PYENV of a stage names."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesByName:
    """Images under their own names, as a printed Dockerfile has them."""

    tools_image: str
    onbuild_tools: str

    def tools(self, stage: Stage) -> str:
        """See `StepImages.tools`."""
        del stage
        return self.tools_image

    def interpreter(self, graft: Graft, stage: Stage, pyenv: Pyenv) -> str:
        """See `StepImages.interpreter`."""
        del stage, pyenv
        return graft.image

    def is_replaced(self, image: str) -> bool:
        """See `StepImages.is_replaced`."""
        del image
        return False

    def uv(self, image: str, stage: Stage, pyenv: Pyenv) -> str:
        """See `StepImages.uv`."""
        del stage, pyenv
        return image
