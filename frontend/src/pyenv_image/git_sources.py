"""Find what a project or a lock takes from a git repository, for the message about a stage without git.

The step's Python may be one that cannot read TOML (3.10 and older), so that lines are searched.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

if TYPE_CHECKING:
    from pyenv_image.step_options import EnvironmentOptions

__all__ = ["git_source"]

_GIT = re.compile(r"""^(?!\s*#).*?(git\+\w+://|\bgit\s*=\s*["']|\btype\s*=\s*["']git["'])""", re.MULTILINE)
"""A requirement, a source of uv and of `uv.lock`, and a package of a `pylock.toml`."""


def git_source(options: EnvironmentOptions, context: Path) -> str:
    """Return the file and line that names a git repository, or the file alone if several lines do.

    Args:
        options: those of the step.
        context: the folder of the build context.
    """
    for path in _files(options, context):
        text = path.read_text("utf-8", "replace")
        lines = [1 + text.count("\n", 0, match.start(1)) for match in _GIT.finditer(text)]
        if lines:
            return str(path.relative_to(context)) + (f":{lines[0]}" if len(lines) == 1 else "")
    return "a package"


def _files(options: EnvironmentOptions, context: Path) -> Iterator[Path]:
    """Yield the projects, each with the lock beside it or above, and the locks."""
    for project in options.projects:
        yield context / project
        folders = Path(project).parents if project in options.locked else ()
        yield from [lock for lock in (context / folder / "uv.lock" for folder in folders) if lock.is_file()][:1]
    yield from (context / path for path in options.requirements if path.endswith(".toml"))
