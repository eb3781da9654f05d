"""Read an environment's files, whatever they are: nothing raises, blocks or fills the memory.

What is not there is nothing special. What is there and cannot be read has a sentence, for people to see beside what
could be read.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FileHead", "FolderList", "decodable", "is_inside", "list_folder", "read_head"]


@dataclass(frozen=True)
class FileHead:
    """The beginning of a file."""

    text: str = ""
    """With Unix line ends; empty if there is no file."""
    problem: str = ""
    """Why the file cannot be read, as a sentence; empty if it can, and if there is none."""
    is_whole: bool = True
    """Whether the file ends within the limit."""


@dataclass(frozen=True)
class FolderList:
    """The names in a folder."""

    names: tuple[str, ...] = ()
    """Sorted; none if there is no folder."""
    problem: str = ""
    """Why the folder cannot be read, as a sentence; empty if it can, and if there is none."""
    exists: bool = True


def read_head(path: str | Path, limit: int) -> FileHead:
    """Read the beginning of a regular file as text.

    Args:
        path: the file; a pipe, a device or a folder counts as one that cannot be read.
        limit: how many bytes to read at most.
    """
    try:
        # Opening a pipe without O_NONBLOCK waits until somebody writes into it.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return FileHead(problem=_not_a_file(path))
            data = file.read(limit + 1)
    except IsADirectoryError:
        return FileHead(problem=_not_a_file(path))
    except (OSError, ValueError) as error:
        return FileHead(problem=_sentence(path, error))
    text = data[:limit].decode("utf-8", errors="replace").replace("\r\n", "\n")
    return FileHead(text, is_whole=len(data) <= limit)


def list_folder(path: str | Path) -> FolderList:
    """Read the names in a folder."""
    try:
        return FolderList(tuple(sorted(os.listdir(path))))  # noqa: PTH208 - names are all that is needed
    except (OSError, ValueError) as error:
        problem = _sentence(path, error)
        return FolderList(problem=problem, exists=bool(problem))


def is_inside(path: str | Path, folder: str | Path) -> bool:
    """Return whether a file lies in a folder, after all links have been followed."""
    return os.path.realpath(path).startswith(os.path.realpath(folder) + os.sep)


def decodable(text: str) -> str:
    """Replace the bytes of a name that are no UTF-8, which Python keeps as surrogates, by a question mark in a box."""
    return text.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")


def _not_a_file(path: str | Path) -> str:
    return f"{_quoted(path)} cannot be read: it is a folder, a pipe or a device, not a file."


def _sentence(path: str | Path, error: OSError | ValueError) -> str:
    """Return why a file or folder cannot be read; empty if it does not exist."""
    if isinstance(error, PermissionError):
        parents = reversed(Path(path).parents)
        closed = next((folder for folder in parents if not os.access(folder, os.X_OK, effective_ids=True)), path)
        return (
            f"{_quoted(closed)} cannot be read by this process (user {os.geteuid()}): {error.strerror}. "
            f"Let others read it: chmod -R a+rX {_quoted(closed)}"
        )
    if isinstance(error, FileNotFoundError) and os.path.islink(path):  # noqa: PTH114 - never raises
        return (
            f"{_quoted(path)} cannot be read: it is a link to {_quoted(os.path.realpath(path))}, which does not exist."
        )
    if isinstance(error, NotADirectoryError) and os.path.lexists(path):
        return f"{_quoted(path)} cannot be read: it is not a folder."
    if isinstance(error, (FileNotFoundError, NotADirectoryError, ValueError)) or not os.path.lexists(path):
        return ""
    return f"{_quoted(path)} cannot be read: {error.strerror}."


def _quoted(path: str | Path) -> str:
    """Write a path so that control characters and bytes that are not UTF-8 are visible."""
    return repr(os.fspath(path))
