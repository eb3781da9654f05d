"""Files of images, read within limits: an image is data, and its files may be anything.

A path is inspected before it is read: the engine would read a device or a named pipe until it is killed. Requests that
do not depend on each other are sent together.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.expansion.image_limits import ImageFileError, check_names, check_size
from pyenv_frontend.expansion.inspection import HEAD
from pyenv_frontend.together import finish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pyenv_frontend.buildkit.api import Bridge, FileStat, RefId, Reply
    from pyenv_frontend.together import Task

__all__ = ["ImageFiles"]

_ABSENT = ("no such file", "not found", "not a directory")


class ImageFiles:
    """`expansion.inspection.Files` over a file system that the engine holds.

    Args:
        bridge: the engine.
        ref: the file system.
        image: its name in messages.
    """

    def __init__(self, bridge: Bridge, ref: RefId, image: str) -> None:
        self._bridge = bridge
        self._ref = ref
        self._image = image
        self._stats: dict[str, FileStat | CallError] = {}
        self._contents: dict[str, bytes | None] = {}
        self._heads: dict[str, bytes | None] = {}
        self._names: dict[tuple[str, str], list[str]] = {}

    def load(
        self,
        files: Iterable[str] = (),
        *,
        folders: Iterable[tuple[str, str]] = (),
        heads: Iterable[str] = (),
        looks: Iterable[str] = (),
    ) -> Task[None]:
        """See `Files.load`.

        Raises:
            ImageFileError: a path exists and cannot be read.
        """
        files, heads = _new(files, self._contents), _new(heads, self._heads)
        folders = _new(folders, self._names)
        if not self._ref:  # an empty file system
            self._contents |= dict.fromkeys(files)
            self._heads |= dict.fromkeys(heads)
            self._names |= {folder: [] for folder in folders}
            return
        unseen = _new([*files, *heads, *looks], self._stats)
        stats = {path: self._bridge.stat_file(self._ref, path) for path in unseen}
        listings = {folder: self._bridge.read_dir(self._ref, *folder) for folder in folders}
        reads = self._start([path for path in files if path not in stats], self._start_to_read)
        beginnings = self._start([path for path in heads if path not in stats], self._start_to_read_head)
        if stats or listings:
            yield
        for path, look in stats.items():
            self._stats[path] = _look(look)
        for folder, listing in listings.items():
            self._names[folder] = self._list(folder, listing)
        reads |= self._start([path for path in files if path in stats], self._start_to_read)
        beginnings |= self._start([path for path in heads if path in stats], self._start_to_read_head)
        if reads or beginnings:
            yield
        self._contents |= dict.fromkeys(files) | {path: self._content(path, reply) for path, reply in reads.items()}
        self._heads |= dict.fromkeys(heads) | {path: self._content(path, reply) for path, reply in beginnings.items()}

    @staticmethod
    def _start(paths: Iterable[str], ask: Callable[[str], Reply[bytes] | None]) -> dict[str, Reply[bytes]]:
        """Request those files that exist."""
        return {path: reply for path in paths if (reply := ask(path)) is not None}

    def read(self, path: str) -> bytes | None:
        """See `Files.read`.

        Raises:
            ImageFileError: it exists and cannot be read.
        """
        finish(self.load([path]))
        return self._contents[path]

    def names(self, folder: str, pattern: str) -> list[str]:
        """See `Files.names`.

        Raises:
            ImageFileError: there are too many.
        """
        finish(self.load(folders=[(folder, pattern)]))
        return self._names[folder, pattern]

    def head(self, path: str) -> bytes | None:
        """See `Files.head`."""
        finish(self.load(heads=[path]))
        return self._heads[path]

    def _content(self, path: str, reply: Reply[bytes]) -> bytes:
        try:
            return reply.get()
        except CallError as error:
            raise self._unreadable(path, error) from error

    def _unreadable(self, path: str, error: CallError) -> ImageFileError:
        return ImageFileError(f"/{path} of {self._image} cannot be read: {error.status.message}")

    def _list(self, folder: tuple[str, str], listing: Reply[Sequence[FileStat]]) -> list[str]:
        """Take a listing. Its entries for files that are not links of either kind need no further requests."""
        path, pattern = folder
        try:
            entries = listing.get()
        except CallError as error:
            if _is_absent(error):
                return []
            raise self._unreadable(path, error) from error
        check_names(path, pattern, self._image, len(entries))
        names = []
        for entry in entries:
            name = posixpath.basename(entry.path)
            names.append(name)
            if not entry.link:
                self._stats.setdefault(f"{path}/{name}", entry)
        return sorted(names)

    def _stat(self, path: str) -> FileStat | None:
        stat = self._stats[path]
        if isinstance(stat, CallError):
            if _is_absent(stat):
                return None
            raise self._unreadable(path, stat) from stat
        return stat

    def _start_to_read(self, path: str) -> Reply[bytes] | None:
        stat = self._stat(path)
        if stat is None:
            return None
        if not stat.is_regular:
            raise ImageFileError(f"/{path} of {self._image} is {stat.kind}, and must be a regular file")
        check_size(path, self._image, stat.size)
        return self._bridge.read_file(self._ref, path)

    def _start_to_read_head(self, path: str) -> Reply[bytes] | None:
        stat = self._stat(path)
        if stat is None or not (stat.is_regular and stat.is_executable):
            return None
        return self._bridge.read_file(self._ref, path, HEAD)


def _new[K](keys: Iterable[K], known: Mapping[K, object]) -> list[K]:
    return [key for key in dict.fromkeys(keys) if key not in known]


def _look(reply: Reply[FileStat]) -> FileStat | CallError:
    """Take an answer; an error counts when the path is needed."""
    try:
        return reply.get()
    except CallError as error:
        return error


def _is_absent(error: CallError) -> bool:
    return any(words in error.status.message for words in _ABSENT)
