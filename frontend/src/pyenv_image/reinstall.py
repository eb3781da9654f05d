"""The options by which uv builds projects of this machine anew, for `pyenv-frontend local`.

uv's cache has what it once built of a folder, and sees changes of its `pyproject.toml`, `setup.py` and `setup.cfg`
alone. In an image, projects are copies with paths that the cache does not know. `--refresh` would do as well, but for
`--offline`, beside which uv does not take it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Iterator

from pyenv_image.local_paths import project_name

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["of_lock", "of_project", "of_uv_project"]

_NAME = re.compile(r"""^\s*name\s*=\s*["']([^"']+)["']""", re.MULTILINE)
_SOURCES = re.compile(r"^\[tool\.uv\.sources\]\s*$(.*?)(?=^\[|\Z)", re.MULTILINE | re.DOTALL)
_LOCAL_SOURCE = re.compile(r"""^\s*["']?([\w.-]+)["']?\s*=\s*\{[^}]*\b(?:path|workspace)\s*=""", re.MULTILINE)
_PACKAGES = re.compile(r"^\[\[packages?\]\]\s*$", re.MULTILINE)
_FOLDER = re.compile(
    r"^\s*(?:\[packages\.directory\]|directory\s*=|source\s*=\s*\{\s*(?:directory|editable)\b)", re.MULTILINE
)


def of_project(folder: Path) -> list[str]:
    """Return the options for a folder that is installed: its name, or everything if that is not known."""
    name = project_name(_text(folder / "pyproject.toml"))
    return [f"--reinstall-package={name}"] if name else ["--reinstall"]


def of_lock(text: str) -> list[str]:
    """Return the options for the folders that a `pylock.toml` or a `uv.lock` names."""
    return [f"--reinstall-package={name}" for name in _folders_of(text)]


def of_uv_project(project: Path, context: Path) -> list[str]:
    """Return the options for a `pyproject.toml` whose dependencies are installed.

    Args:
        project: its path.
        context: the build context, in which its workspace and its lock are.
    """
    text = _text(project)
    sources = [match for table in _SOURCES.findall(text) for match in _LOCAL_SOURCE.findall(table)]
    arguments = of_project(project.parent) if "dynamic" in text else []
    arguments += [f"--reinstall-package={name}" for name in sources]
    for folder in (project.parent, *project.parent.parents):
        arguments += of_lock(_text(folder / "uv.lock"))
        if folder == context:
            break
    return arguments


def _folders_of(text: str) -> Iterator[str]:
    for table in _PACKAGES.split(text)[1:]:
        name = _NAME.search(table)
        if name and _FOLDER.search(table):
            yield name[1]


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.is_file() else ""
