"""uv's workspaces: several projects under one root, which has the lock of them all.

Source of truth: uv's own search (`find_workspace`). It goes up from the project; the first folder on the way that has a
`pyproject.toml` with a workspace or a project decides: the root, if its members take the project in, else nothing.
"""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from pyenv_frontend.inputs.build_context import NotInContextError
from pyenv_frontend.inputs.pyproject import read_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenv_frontend.inputs.collector import InputCollector
    from pyenv_frontend.inputs.pyproject import Project

__all__ = ["Workspace", "find", "members"]


class Workspace(NamedTuple):
    """The root of a workspace."""

    folder: str
    """Relative to the context; empty for its top."""

    project: Project
    """What the root's `pyproject.toml` says."""


def find(walk: InputCollector, folder: str, project: Project) -> Workspace | None:
    """Find the workspace of a project in the context; its root's `pyproject.toml` becomes one of the files.

    Args:
        walk: takes in what is read.
        folder: the project's.
        project: what its `pyproject.toml` says.
    """
    if project.is_root:
        return Workspace(folder, project)
    above = folder
    while above:
        above = posixpath.dirname(above)
        found = _look(walk, above)
        if found and found.is_root and _takes_in(found, above, folder):
            walk.read_if_there(_file(above))
            return Workspace(above, found)
        if found and (found.is_root or found.is_project):
            break
    return None


def members(walk: InputCollector, workspace: Workspace) -> Iterator[tuple[str, Project]]:
    """Return the members that the context has, but for the root: folder, and what its `pyproject.toml` says."""
    for pattern in workspace.project.members:
        for folder in _expand(walk, posixpath.normpath(posixpath.join(workspace.folder, pattern))):
            found = None if _excluded(workspace, folder) else _look(walk, folder)
            if found:
                yield folder, found


def _file(folder: str) -> str:
    return posixpath.join(folder, "pyproject.toml")


def _look(walk: InputCollector, folder: str) -> Project | None:
    """Read a folder's `pyproject.toml`, which does not enter the step for that; None where none can be read."""
    if not walk.context.exists(_file(folder)):
        return None
    try:
        return read_project(walk.context.read(_file(folder)))
    except (ValueError, NotInContextError):
        return None


def _takes_in(root: Project, above: str, folder: str) -> bool:
    workspace = Workspace(above, root)
    return any(_matches(above, each, folder) for each in root.members) and not _excluded(workspace, folder)


def _excluded(workspace: Workspace, folder: str) -> bool:
    return any(_matches(workspace.folder, each, folder) for each in workspace.project.excluded)


def _matches(base: str, pattern: str, folder: str) -> bool:
    """Whether a pattern means a folder; `*` stays within a part of the path."""
    wanted = posixpath.normpath(posixpath.join(base, pattern)).split("/")
    parts = folder.split("/")
    return len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted))


def _expand(walk: InputCollector, pattern: str) -> Iterator[str]:
    """Return the paths that match a glob, folder by folder."""
    found = [""]
    for part in pattern.split("/"):
        if not set(part) & set("*?["):
            found = [posixpath.join(folder, part) for folder in found]
            continue
        found = [
            posixpath.join(folder, name)
            for folder in found
            for name in sorted(walk.context.names(folder))
            if fnmatchcase(name, part) and not name.startswith(".")
        ]
    yield from found
