"""Files of images, read within limits: an image is data, and its files may be anything.

A path is inspected before it is read: the engine would read a device or a named pipe until it is killed. Requests that
do not depend on each other are sent together.
"""

from __future__ import annotations

__all__ = ["ImageFileError", "ImageFiles"]

import posixpath
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit.status import CallError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyenv_frontend.buildkit.api import Bridge, FileStat, RefId, Reply

LARGEST = 8 << 20
"""The size of a file that is still read, in bytes; a C library has 2 MB."""
_ABSENT = ("no such file", "not found", "not a directory")


class ImageFileError(Exception):
    """A file of an image cannot be read; `str()` is a sentence about the file, and names the image."""


class ImageFiles:
    """`expansion.base_image.Files` over a file system that the engine holds.

    Args:
        bridge: the engine.
        ref: the file system.
        image: its name in messages.
    """

    def __init__(self, bridge: Bridge, ref: RefId, image: str) -> None:
        self._bridge = bridge
        self._ref = ref
        self._image = image
        self._stats: dict[str, FileStat | None] = {}
        self._contents: dict[str, bytes | None] = {}
        self._names: dict[tuple[str, str], list[str]] = {}

    def load(self, paths: Iterable[str], folders: Iterable[tuple[str, str]] = ()) -> None:
        """Read several files and list several folders at once, for `read` and `names` to find.

        Raises:
            ImageFileError: a path exists and cannot be read.
        """
        paths = [path for path in paths if path not in self._contents]
        folders = [folder for folder in folders if folder not in self._names]
        if not self._ref:  # an empty file system
            self._contents |= dict.fromkeys(paths)
            self._names |= {folder: [] for folder in folders}
            return
        self._look({*paths, *(folder for folder, _ in folders)})
        files = {path: self._start_to_read(path) for path in paths}
        listings = {folder: self._start_to_list(*folder) for folder in folders}
        for path, reply in files.items():
            self._contents[path] = None if reply is None else self._answer(path, reply)
        for folder, listing in listings.items():
            self._names[folder] = [] if listing is None else sorted(posixpath.basename(e.path) for e in listing.get())

    def read(self, path: str) -> bytes | None:
        """Return a file's content; None if there is none.

        Raises:
            ImageFileError: it exists and cannot be read.
        """
        self.load([path])
        return self._contents[path]

    def names(self, folder: str, pattern: str) -> list[str]:
        """Return the names in a folder that match; none if there is no such folder."""
        self.load([], [(folder, pattern)])
        return self._names[folder, pattern]

    def executables(self, paths: Iterable[str], length: int) -> dict[str, bytes]:
        """Return the first bytes of those of some paths that are executable files.

        Args:
            paths: the paths.
            length: how many bytes.
        """
        paths = tuple(paths) if self._ref else ()
        self._look(paths)
        replies = {
            path: self._bridge.read_file(self._ref, path, length)
            for path in paths
            if (stat := self._stats[path]) is not None and stat.is_regular and stat.is_executable
        }
        return {path: self._answer(path, reply) for path, reply in replies.items()}

    def _answer(self, path: str, reply: Reply[bytes]) -> bytes:
        try:
            return reply.get()
        except CallError as error:
            raise self._unreadable(path, error) from error

    def _unreadable(self, path: str, error: CallError) -> ImageFileError:
        return ImageFileError(f"/{path} of {self._image} cannot be read: {error.status.message}")

    def _look(self, paths: Iterable[str]) -> None:
        """Inspect several paths at once; missing ones are remembered as such."""
        waiting = {path: self._bridge.stat_file(self._ref, path) for path in paths if path not in self._stats}
        for path, reply in waiting.items():
            try:
                self._stats[path] = reply.get()
            except CallError as error:
                if not any(words in error.status.message for words in _ABSENT):
                    raise self._unreadable(path, error) from error
                self._stats[path] = None

    def _start_to_read(self, path: str) -> Reply[bytes] | None:
        stat = self._stats[path]
        if stat is None:
            return None
        if not stat.is_regular:
            raise ImageFileError(f"/{path} of {self._image} is {stat.kind}, and must be a regular file")
        if stat.size > LARGEST:
            raise ImageFileError(
                f"/{path} of {self._image} has {stat.size >> 20} MB, and no more than {LARGEST >> 20} MB of it are read"
            )
        return self._bridge.read_file(self._ref, path)

    def _start_to_list(self, folder: str, pattern: str) -> Reply[Sequence[FileStat]] | None:
        stat = self._stats[folder]
        return self._bridge.read_dir(self._ref, folder, pattern) if stat is not None and stat.is_dir else None
