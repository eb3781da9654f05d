"""A folder of this machine as a build context."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pyenv_frontend.inputs.build_context import NotInContextError
from pyenv_frontend.inputs.dockerignore import DockerIgnore, parse_dockerignore

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["FolderContext"]


class FolderContext:
    """The files of a folder without those that .dockerignore leaves out.

    Args:
        root: the folder.
        dockerfile: the Dockerfile; a `<dockerfile>.dockerignore` beside it goes before the folder's own.
    """

    def __init__(self, root: str | PathLike[str], dockerfile: str | PathLike[str] | None = None) -> None:
        self._root = Path(root).resolve()
        self._dockerfile = None if dockerfile is None else Path(dockerfile)

    @property
    def root(self) -> Path:
        """The folder, absolute, links followed."""
        return self._root

    @property
    def prefix(self) -> str:
        """The way to the folder from the working directory, with `/`; empty if it is that."""
        here = Path.cwd()
        place = self._root.relative_to(here) if here in (self._root, *self._root.parents) else self._root
        return "" if place == Path() else place.as_posix()

    def read(self, path: str) -> bytes:
        """Return the content of a file; see `BuildContext`."""
        found = self._find(path)
        if found is None or not found.is_file():
            raise NotInContextError(path)
        return found.read_bytes()

    def exists(self, path: str) -> bool:
        """Whether there is a file or directory; see `BuildContext`."""
        return self._find(path) is not None

    def names(self, folder: str) -> tuple[str, ...]:
        """Return the names in a directory; see `BuildContext`."""
        found = self._find(folder)
        if found is None or not found.is_dir():
            return ()
        prefix = f"{folder}/" if folder else ""
        return tuple(sorted(each.name for each in found.iterdir() if not self._left_out(prefix + each.name)))

    def link_target(self, path: str) -> str:
        """Return what a symbolic link says; see `BuildContext`."""
        place = self._root / path
        return str(place.readlink()) if place.is_symlink() else ""

    def ignored_by(self, path: str) -> str:
        """Return the ignore file that leaves a path out; see `BuildContext`."""
        return self._ignore.name if self._left_out(path) else ""

    @cached_property
    def _ignore(self) -> DockerIgnore:
        places = [self._root / ".dockerignore"]
        if self._dockerfile is not None:
            places.insert(0, self._dockerfile.with_name(f"{self._dockerfile.name}.dockerignore"))
        for place in places:
            if place.is_file():
                return parse_dockerignore(place.read_bytes(), place.name)
        return DockerIgnore()

    def _left_out(self, path: str) -> bool:
        # A directory that is left out may hold files that are taken in again, so it counts as there.
        return self._ignore.ignores(path) and not (self._root / path).is_dir()

    def _find(self, path: str) -> Path | None:
        """Return the place of a path, links followed as long as they stay inside."""
        try:
            place = (self._root / path).resolve(strict=True)
        except (OSError, RuntimeError):  # not there, not to be read, too long a name, links in a circle
            return None
        inside = place == self._root or self._root in place.parents
        if not inside or (path and self._left_out(path)):
            return None
        hidden = place != self._root and self._left_out(place.relative_to(self._root).as_posix())
        return None if hidden else place
