"""The interface through which this package reads the build context."""

from __future__ import annotations

from typing import Protocol

__all__ = ["BuildContext", "NotInContextError"]


class NotInContextError(LookupError):
    """There is no such file in the build context, or .dockerignore leaves it out."""


class BuildContext(Protocol):
    """Files by their path relative to the context, with `/`; `""` is the context itself.

    The gateway answers from the client's session, the command line from a folder.
    """

    def read(self, path: str) -> bytes:
        """Return the content of a file.

        Raises:
            NotInContextError: there is no such file, or it is a directory.
        """
        ...

    def exists(self, path: str) -> bool:
        """Whether there is a file or directory."""
        ...

    def names(self, folder: str) -> tuple[str, ...]:
        """Return the names in a directory; none if it is not there. Asked for globs, and on the way to an error."""
        ...

    def link_target(self, path: str) -> str:
        """Return what a symbolic link says; an empty text for anything else. Asked only for an error."""
        ...

    def ignored_by(self, path: str) -> str:
        """Return the name of the ignore file that leaves a path out, or an empty text. Asked only for an error."""
        ...
