"""A build's Dockerfile without PYENV, and what the delegate gets to build it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenv_frontend.solve.relabel import Labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.expansion.expand import Expansion
    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.solve.source import UserFile
    from pyenv_frontend.stages.program import Program

__all__ = ["ExpandedBuild"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpandedBuild:
    """A file with PYENV, and the same file without, for one platform."""

    platform: str
    """As the engine names it, `linux/amd64`; empty if the file is the same for all platforms."""
    file: UserFile
    program: Program
    closures: Sequence[RequirementInputs]
    """For each PYENV of the file, the files that it refers to."""
    expansion: Expansion
    options: Mapping[str, str]
    """The options for the delegate."""
    inputs: Mapping[str, wire.Definition]
    """The graphs for the delegate."""
    identities: Mapping[str, str]
    """See `MountedImages.identities`."""

    @property
    def labels(self) -> Labels:
        """The user's lines for those of the expanded file."""
        document, expansion = self.program.document, self.expansion
        return Labels(self.file, document, expansion.source, expansion.lines, platform=self.platform)
