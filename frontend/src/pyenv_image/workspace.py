"""The temporary folder of an install, which is removed with everything in it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Any, Sequence

from pyenv_image.failure import StepError

__all__ = ["Workspace"]

_READ_ONLY = (".whl", ".zip", ".gz")
"""Archives are only read, and a folder of them may be large: a copy links to them."""


class Workspace:
    """A temporary folder; a context manager that removes it.

    Attributes:
        root: the folder itself.
        files: copies of requirements files, each at its path in the build context. Installers run in this folder, so
            that their messages name a file as the user does.
        context: the build context, or a copy of it that packages can be built in.
        stage: copies of folders of the stage, each at its absolute path below this one.
        temporary: `TMPDIR` of the installers.
    """

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="pyenv-"))
        self.files, self.context = self.root / "files", self.root / "context"
        self.stage, self.temporary = self.root / "stage", self.root / "tmp"
        for folder in (self.files, self.stage, self.temporary):
            folder.mkdir()
        # uv takes settings from the nearest folder that has any, up to the root of the file system, which may hold
        # the files of a project that has nothing to do with this PYENV. The search ends here.
        (self.root / "uv.toml").touch()

    def __enter__(self) -> Workspace:  # noqa: PYI034 - typing has no Self in Python 3.7
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(str(self.root), onerror=_make_writable)

    @property
    def is_in_image(self) -> bool:
        """Whether the step runs in a stage, whose files can be named; outside, the context is no copy."""
        return self.root in self.context.parents

    def use_context(self, folder: Path, *, copy: bool) -> None:
        """Take the build context from a folder.

        Args:
            folder: the folder; it may be missing where a PYENV refers to no file.
            copy: whether builds of packages must not write to it.
        """
        if not copy:
            self.context = folder
        elif folder.is_dir():
            copy_tree(folder, self.context)
        else:
            self.context.mkdir()

    def copy_of_stage(self, folder: Path) -> Path:
        """Copy a folder of the stage, once, so that a package can be built in it.

        Raises:
            StepError: it is the root of the file system, or `/tmp`.
        """
        target = self.stage.joinpath(*folder.parts[1:])
        if folder in {self.root, *self.root.parents}:
            raise StepError(
                f"{folder} holds the temporary files of this step; put the project into a folder of its own"
            )
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_tree(folder, target)
        return target

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Paths of files in this folder as an installer writes them, and the user's names of these files."""
        # Of a context that is no copy, another folder's path may begin like its own.
        itself = [(f"file://{self.context}", "."), (str(self.context), ".")] if self.is_in_image else []
        return (
            (f"file://{self.context}/", "./"),
            (f"{self.context}/", ""),
            (f"{self.files}/", ""),
            (f"file://{self.stage}/", "file:///"),
            (f"{self.stage}/", "/"),
            ("../stage/", "/"),
            *itself,
        )


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder with links as links, and links to archives.

    What the user cannot read stays out, as it would of a build in the folder itself, which pip does.
    """
    shutil.copytree(str(source), str(target), symlinks=True, ignore=_not_readable, copy_function=_copy)


def _not_readable(folder: str, names: Sequence[str]) -> list[str]:
    """Return the names in a folder that are sockets or pipes, or that the user has no right to read."""
    paths = {name: Path(folder, name) for name in names}
    return [name for name, path in paths.items() if not (path.is_symlink() or _is_readable(path))]


def _is_readable(path: Path) -> bool:
    rights = os.R_OK | os.X_OK if path.is_dir() else os.R_OK
    return (path.is_dir() or path.is_file()) and os.access(str(path), rights)


def _copy(source: str, target: str) -> None:
    if source.endswith(_READ_ONLY):
        Path(target).symlink_to(source)
    else:
        shutil.copyfile(source, target)
        shutil.copymode(source, target)


def _make_writable(remove: Any, path: str, _: object) -> None:
    """Make a path writable, which a build may have made read-only, and try again."""
    for place in (Path(path).parent, Path(path)):
        if not place.is_symlink():
            place.chmod(place.stat().st_mode | stat.S_IRWXU)
    remove(path)
