"""A first look at a file for the files that it names, so that they are loaded before they are read one by one."""

from __future__ import annotations

import posixpath
import re
from typing import Final

__all__ = ["references"]

_OPTION: Final = re.compile(rb"^[ \t]*(?:-r|-c|--requirement|--constraint)[ \t=]*([^\s#'\"]+)", re.MULTILINE)
_LONGEST: Final = 256


def references(path: str, content: bytes) -> set[str]:
    """Return the paths that a file of the build context seems to name; that one is missing is no error here."""
    folder = posixpath.dirname(path)
    if posixpath.basename(path) == "pyproject.toml":
        return {posixpath.join(folder, "uv.lock")}
    names = {match.decode("utf-8", "replace") for match in _OPTION.findall(content)}
    plain = [name for name in names if name.isprintable() and not {":", "$"} & {*name}]
    paths = {posixpath.normpath(posixpath.join(folder, name)) for name in plain}
    return {path for path in paths if not path.startswith(("..", "/")) and len(path) < _LONGEST}
