"""The interface through which this package reads the build context."""

from __future__ import annotations

from typing import Final, Protocol

__all__ = ["LARGEST", "BuildContext", "NotInContextError", "UnreadableFileError", "too_large"]

LARGEST: Final = 32 << 20
"""How large a file may be to be read, in bytes. 100,000 lines with two hashes each are about half of it."""


class UnreadableFileError(Exception):
    """A file of the build context is there and is not read; the text says what it is, to follow its name."""


def too_large(size: int) -> UnreadableFileError:
    """Return the error for a file of a size above `LARGEST`."""
    return UnreadableFileError(f"has {size >> 20} MB, and no more than {LARGEST >> 20} MB of a file are read")


class NotInContextError(LookupError):
    """There is no such file in the build context, or .dockerignore excludes it.

    Args:
        path: the file.
        hint: where it may be instead.
        left_out: whether it is known to be there, but for .dockerignore. A build does not know it.
    """

    def __init__(self, path: str, hint: str = "", *, left_out: bool = False) -> None:
        super().__init__(path)
        self.hint = hint
        self.left_out = left_out


class BuildContext(Protocol):
    """Files by their path relative to the context, with `/`; `""` is the context itself.

    A build reads them through the engine, the command line from a folder.
    """

    def read(self, path: str) -> bytes:
        """Return the content of a file.

        Raises:
            NotInContextError: there is no such file, or it is a directory.
            UnreadableFileError: it is larger than `LARGEST`, or a device.
        """
        ...

    def exists(self, path: str) -> bool:
        """Whether there is a file or directory."""
        ...

    def names(self, folder: str) -> tuple[str, ...]:
        """Return the names in a directory; none if it does not exist. Called for globs and for errors."""
        ...

    def link_target(self, path: str) -> str:
        """Return the target of a symbolic link; empty for anything else. Called only for errors."""
        ...

    def ignored_by(self, path: str) -> str:
        """Return the name of the ignore file that excludes a path, or an empty string. Called only for errors."""
        ...
