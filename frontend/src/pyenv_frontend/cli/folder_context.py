"""A folder of this machine as a build context."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pyenv_frontend.inputs.build_context import LARGEST, NotInContextError, too_large
from pyenv_frontend.inputs.dockerignore import DockerIgnore, parse_dockerignore

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["FolderContext"]


class FolderContext:
    """The files of a folder without those that .dockerignore excludes.

    Args:
        root: the folder.
        dockerfile: the Dockerfile; a `<dockerfile>.dockerignore` beside it takes precedence over the folder's own.
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
        """The path to the folder from the working directory, with `/`; empty if they are the same."""
        here = Path.cwd()
        place = self._root.relative_to(here) if here in (self._root, *self._root.parents) else self._root
        return "" if place == Path() else place.as_posix()

    def read(self, path: str) -> bytes:
        """Return the content of a file; see `BuildContext`."""
        file = self._file(path)
        size = file.stat().st_size
        if size > LARGEST:
            raise too_large(size)
        return file.read_bytes()

    def digest(self, path: str) -> str:
        """Return the digest of a file; see `local.fingerprint.LocalContext`."""
        from hashlib import file_digest  # noqa: PLC0415 - only `local` needs it

        with self._file(path).open("rb") as file:
            return file_digest(file, "sha256").hexdigest()

    def exists(self, path: str) -> bool:
        """Whether there is a file or directory; see `BuildContext`."""
        return self._find(path) is not None

    def names(self, folder: str) -> tuple[str, ...]:
        """Return the names in a directory; see `BuildContext`."""
        place = self._find(folder)
        if place is None or not place.is_dir():
            return ()
        prefix = f"{folder}/" if folder else ""
        return tuple(sorted(entry.name for entry in place.iterdir() if not self._left_out(prefix + entry.name)))

    def link_target(self, path: str) -> str:
        """Return the target of a symbolic link; see `BuildContext`."""
        place = self._root / path
        return str(place.readlink()) if place.is_symlink() else ""

    def ignored_by(self, path: str) -> str:
        """Return the ignore file that excludes a path; see `BuildContext`."""
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
        # An excluded directory may contain files that are included again, so it counts as existing.
        return self._ignore.ignores(path) and not (self._root / path).is_dir()

    def _file(self, path: str) -> Path:
        file = self._find(path)
        if file is None or not file.is_file():
            left_out = bool(self.ignored_by(path)) and (self._root / path).is_file()
            raise NotInContextError(path, self._hint(path), left_out=left_out)
        return file

    def _hint(self, path: str) -> str:
        """Return what to do if a file is where `docker build -f FOLDER/Dockerfile .` would look for it."""
        here = FolderContext(".")
        is_here = here.root != self._root and here.exists(path) and not self.ignored_by(path)
        return "--context . makes the folder that you are in the build context, which has it" if is_here else ""

    def _find(self, path: str) -> Path | None:
        """Return the file of a path, links followed as long as they stay inside."""
        try:
            place = (self._root / path).resolve(strict=True)
        except (OSError, RuntimeError):  # missing, unreadable, too long a name, circular links
            return None
        inside = place == self._root or self._root in place.parents
        if not inside or (path and self._left_out(path)):
            return None
        hidden = place != self._root and self._left_out(place.relative_to(self._root).as_posix())
        return None if hidden else place
