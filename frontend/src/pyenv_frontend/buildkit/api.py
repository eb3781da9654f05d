"""The engine as the rest of the frontend sees it: a small protocol of calls, independent of gRPC.

`buildkit.client.Client` is the real one; tests have their own. Every call sends its request at once and returns a
`Reply`; several calls that are started before the first reply is read run at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NewType, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyenv_frontend.buildkit import wire_pb2 as wire

__all__ = ["Bridge", "FileStat", "ImageFacts", "Notice", "RefId", "Reply"]

RefId = NewType("RefId", str)
"""The name of a file system in the engine for this build. An empty name is an empty file system."""


class Reply[T](Protocol):
    """An answer that may not have arrived yet."""

    def get(self) -> T:
        """Wait for the answer.

        Raises:
            CallError: the engine answered with an error.
            ChannelClosedError: the engine is gone.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """The facts of an image in a registry or the local store."""

    name: str
    """The image's name as the engine resolved it (a source policy may have changed it)."""
    digest: str
    """`sha256:...` of the manifest or index; empty if the store has none."""
    config: bytes
    """The OCI image configuration, JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStat:
    """The entry of a folder in a file system, or the result of `stat_file`."""

    path: str
    mode: int
    """Go's `os.FileMode`: permission bits below, the kind of file in the bits of `_KINDS`; no bit is a regular file."""
    size: int
    """0 in a listing for all names of a file but the first, if it has several there (hard links)."""
    link: str = ""
    """The target of a symbolic link in a listing; for a further name of a file, the first."""

    @property
    def is_dir(self) -> bool:
        """Whether this is a folder."""
        return bool(self.mode & _DIRECTORY)

    @property
    def is_regular(self) -> bool:
        """Whether this is a regular file."""
        return not any(self.mode & bit for bit in _KINDS)

    @property
    def is_link(self) -> bool:
        """Whether this is a symbolic link; a listing shows those."""
        return bool(self.mode & _LINK)

    @property
    def is_executable(self) -> bool:
        """Whether anybody may execute it."""
        return bool(self.mode & 0o111)

    @property
    def kind(self) -> str:
        """What kind of file this is, in words."""
        return next((words for bit, words in _KINDS.items() if self.mode & bit), "a regular file")


_DIRECTORY = 1 << 31
_LINK = 1 << 27
_KINDS = {
    _DIRECTORY: "a folder",
    _LINK: "a symbolic link",
    1 << 26: "a device",
    1 << 25: "a named pipe",
    1 << 24: "a socket",
    1 << 19: "an irregular file",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One line of a build's warning summary."""

    step: str
    """Digest of the op that the warning belongs to; the client must have seen it."""
    short: str
    detail: tuple[str, ...] = ()
    url: str = ""
    info: wire.SourceInfo | None = None
    ranges: tuple[wire.Range, ...] = ()


class Bridge(Protocol):
    """The calls to the engine while a build runs."""

    def ping(self) -> Reply[wire.PongResponse]:
        """Request the engine's capabilities and workers."""
        ...

    def inputs(self) -> Reply[Mapping[str, wire.Definition]]:
        """Request the graphs that the client passed to this frontend, by name."""
        ...

    def solve(self, definition: wire.Definition) -> Reply[wire.Result]:
        """Load a graph. Nothing runs before one of its files is read, or it is evaluated or returned.

        The caches that the user imports serve its steps.
        """
        ...

    def solve_frontend(
        self, frontend: str, options: Mapping[str, str], inputs: Mapping[str, wire.Definition]
    ) -> Reply[wire.Result]:
        """Run another frontend, and return its result."""
        ...

    def read_file(self, ref: RefId, path: str, length: int | None = None, offset: int = 0) -> Reply[bytes]:
        """Read a file, or `length` bytes of it; symbolic links are followed inside the file system."""
        ...

    def read_dir(self, ref: RefId, path: str, pattern: str = "") -> Reply[Sequence[FileStat]]:
        """List a folder; `pattern` is a glob over names."""
        ...

    def stat_file(self, ref: RefId, path: str) -> Reply[FileStat]:
        """Inspect one path; symbolic links are followed inside the file system."""
        ...

    def resolve_image(
        self, name: str, platform: wire.Platform | None = None, *, mode: str = "", log_name: str = ""
    ) -> Reply[ImageFacts]:
        """Resolve an image's name to its digest and configuration."""
        ...

    def evaluate(self, *refs: RefId) -> Reply[None]:
        """Run the steps that lead to file systems; the error is that of the first step that fails."""
        ...

    def warn(self, warning: Notice) -> Reply[None]:
        """Add a line to the build's warnings."""
        ...
