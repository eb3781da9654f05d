"""The folder `.pyenv-frontend`: where environments are made, and how one replaces another atomically.

An environment is made in `.store/<name>-<random>`, to which nothing refers, and becomes `<name>` when it is finished,
by renaming a link. So `<name>` is at every moment a complete environment or missing: a process that is killed leaves a
folder without a link, which the next run deletes, and an installer that outlives it writes to a folder that is not
used. Tasks that run in the old environment keep it until then.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = ["FOLDER", "FORMER_FOLDER", "Record", "Store", "TakenError"]

FOLDER: Final = ".pyenv-frontend"
FORMER_FOLDER: Final = ".pyenv"
"""The folder's name before 0.2; in a home folder that name is taken by the program pyenv."""

_STORE: Final = ".store"
_LOCK: Final = ".lock"
_RECORD: Final = "pyenv-frontend.json"
_IGNORE: Final = "# Made by pyenv-frontend local\n*\n"


class TakenError(Exception):
    """The path of an environment is taken by something that this package did not make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The record of a finished environment, which lies inside it."""

    parts: Mapping[str, str]
    """The fingerprint's parts."""

    interpreter: str
    """Path of the interpreter it was made for."""

    version: str
    """That interpreter's full version."""

    dockerfile: str
    """Name of the Dockerfile that names it; others in the same folder have environments of their own."""


class Store:
    """The environments beside one Dockerfile.

    Args:
        root: the Dockerfile's folder.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root.resolve() / FOLDER
        self._store = self.folder / _STORE

    def place(self, name: str) -> Path:
        """Return the path of an environment."""
        return self.folder / name

    def python(self, name: str) -> Path:
        """Return the path of an environment's `python`."""
        return self.place(name) / "bin" / "python"

    @contextlib.contextmanager
    def locked(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Lock this folder against other runs; `waiting` is called if another run has the lock."""
        self._store.mkdir(parents=True, exist_ok=True)
        ignore = self.folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text(_IGNORE, encoding="utf-8")
        with (self.folder / _LOCK).open("w") as lock:  # closed on exec, so that installers do not inherit it
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def record(self, name: str) -> Record | None:
        """Return the record of a finished environment; None if there is none that works."""
        if not _is_ours(self.place(name)) or not os.access(self.python(name), os.X_OK):
            return None
        try:
            return Record(**json.loads((self.place(name) / _RECORD).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def begin(self, name: str) -> Path:
        """Return a new folder to make an environment in.

        Raises:
            TakenError: something else is at its final path.
        """
        place = self.place(name)
        if place.exists() and not _is_ours(place):
            raise TakenError(f"{place} is there already, and pyenv-frontend did not make it")
        return self._store / f"{name}-{secrets.token_hex(4)}"

    def finish(self, name: str, finished: Path, record: Record) -> None:
        """Move a finished environment to its final path."""
        (finished / _RECORD).write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")
        link = finished.with_name(f"{finished.name}.link")
        link.symlink_to(os.path.relpath(finished, self.folder))
        link.replace(self.place(name))

    def names(self) -> list[str]:
        """Return the names of the finished environments."""
        return _environments_in(self.folder)

    def former_environments(self) -> list[str]:
        """Return the names of the environments in an earlier version's folder, which no version deletes."""
        return _environments_in(self.folder.with_name(FORMER_FOLDER))

    def remove(self, name: str) -> None:
        """Remove an environment: its link at once, its files with the next `sweep`."""
        self.place(name).unlink()

    def sweep(self) -> None:
        """Delete what no environment uses: leftovers of interrupted runs, and replaced environments."""
        linked = {self.place(name).readlink().name for name in self.names()}
        for path in self._store.iterdir() if self._store.is_dir() else ():
            if path.name in linked:
                continue
            if path.is_symlink():
                path.unlink(missing_ok=True)
            else:
                shutil.rmtree(path, ignore_errors=True)

    def clean(self) -> list[str]:
        """Delete every environment; return their names. The folder is removed too, unless it holds something else."""
        names = self.names()
        for name in names:
            self.remove(name)
        self.sweep()
        ignore = self.folder / ".gitignore"
        if ignore.is_file() and ignore.read_text(encoding="utf-8", errors="replace") == _IGNORE:
            ignore.unlink()
        (self.folder / _LOCK).unlink(missing_ok=True)
        for folder in (self._store, self.folder):
            with contextlib.suppress(OSError):
                folder.rmdir()
        return names


def _environments_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if _is_ours(path)) if folder.is_dir() else []


def _is_ours(place: Path) -> bool:
    return place.is_symlink() and place.readlink().parts[:1] == (_STORE,)
