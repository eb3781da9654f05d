"""uv's workspaces: several projects under one root, which has the lock of all.

Source of truth: uv's own search (`find_workspace`). It goes up from the project; the first folder on the way that has a
`pyproject.toml` with a workspace or a project decides: it is the root if its members include the project.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pyenv_frontend.inputs.build_context import NotInContextError, UnreadableFileError
from pyenv_frontend.inputs.pyproject import read_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenv_frontend.inputs.collector import InputCollector, Origin
    from pyenv_frontend.inputs.pyproject import Project

__all__ = ["UvWorkspace", "find", "members"]


@dataclass(frozen=True, slots=True)
class UvWorkspace:
    """The root of a workspace."""

    folder: str
    """Relative to the context; empty for its top."""

    project: Project
    """The content of the root's `pyproject.toml`."""


def find(collector: InputCollector, folder: str, project: Project, origin: Origin) -> UvWorkspace | None:
    """Find the workspace of a project in the context; its root's `pyproject.toml` becomes one of the files.

    Args:
        collector: gets the files that are read.
        folder: the folder of the project.
        project: the content of its `pyproject.toml`.
        origin: what names the project.
    """
    if project.is_root:
        return UvWorkspace(folder, project)
    above = folder
    while above:
        above = posixpath.dirname(above)
        candidate = _look(collector, above)
        if candidate and candidate.is_root and _takes_in(candidate, above, folder):
            collector.read_if_there(_file(above), origin)
            return UvWorkspace(above, candidate)
        if candidate and (candidate.is_root or candidate.is_project):
            break
    return None


def members(collector: InputCollector, workspace: UvWorkspace) -> Iterator[tuple[str, Project]]:
    """Yield the members in the context except the root: the folder and its project."""
    for pattern in workspace.project.members:
        for folder in _expand(collector, posixpath.normpath(posixpath.join(workspace.folder, pattern))):
            member = None if _excluded(workspace, folder) else _look(collector, folder)
            if member:
                yield folder, member


def _file(folder: str) -> str:
    return posixpath.join(folder, "pyproject.toml")


def _look(collector: InputCollector, folder: str) -> Project | None:
    """Read a folder's `pyproject.toml`, without adding it to the step; None if it cannot be read."""
    if not collector.context.exists(_file(folder)):
        return None
    try:
        return read_project(collector.context.read(_file(folder)))
    except (ValueError, NotInContextError, UnreadableFileError):
        return None


def _takes_in(root: Project, above: str, folder: str) -> bool:
    workspace = UvWorkspace(above, root)
    return any(_matches(above, pattern, folder) for pattern in root.members) and not _excluded(workspace, folder)


def _excluded(workspace: UvWorkspace, folder: str) -> bool:
    return any(_matches(workspace.folder, pattern, folder) for pattern in workspace.project.excluded)


def _matches(base: str, pattern: str, folder: str) -> bool:
    """Whether a pattern matches a folder; `*` stays within a part of the path."""
    expected = posixpath.normpath(posixpath.join(base, pattern)).split("/")
    parts = folder.split("/")
    return len(expected) == len(parts) and all(map(fnmatchcase, parts, expected))


def _expand(collector: InputCollector, pattern: str) -> Iterator[str]:
    """Return the paths that match a glob, folder by folder."""
    folders = [""]
    for part in pattern.split("/"):
        if not set(part) & set("*?["):
            folders = [posixpath.join(folder, part) for folder in folders]
            continue
        folders = [
            posixpath.join(folder, name)
            for folder in folders
            for name in sorted(collector.context.names(folder))
            if fnmatchcase(name, part) and not name.startswith(".")
        ]
    yield from folders
