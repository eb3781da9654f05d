"""The paths that requirements name: which file or directory one stands for, and what a file is by its name.

Standard library only, and Python 3.7, since the step runs in the user's image.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["OF_PROJECT", "LocalPath", "is_file", "is_lock", "is_plain", "local_path", "project_name"]

OF_PROJECT = ("pyproject.toml", "setup.py")
"""The files that say how a directory is installed."""
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar")
_VERSION = r"(?:===?|[<>~!]=|[<>])\s*[\w.*+!-]+"
_PLAIN = re.compile(
    rf"[A-Za-z0-9][\w.-]*(?:\s*\[[\w.,\s-]*\])?(?:\s*{_VERSION}(?:\s*,\s*{_VERSION})*)?\s*(?:;[ -~]*)?", re.ASCII
)
_LOCK = re.compile(r"pylock(\.[^.]+)?\.toml")

# Nowhere do two patterns for blanks follow one another: they would try all ways to share a long row of them.

# Few files have such requirements, so that `re` compiles these when they are needed.
_DIRECT = r"[A-Za-z0-9][A-Za-z0-9._-]*(?:\s*\[[^\]]*\])?\s*@\s*(?=\S)"
_EXTRAS = r"(?<!\s)\s*\[[A-Za-z0-9._,\s-]*\]$"
_URL = r"[A-Za-z][A-Za-z0-9+.-]*://"
_FILE_URL = r"(?i)file:(//(localhost)?(?=/))?"
_PROJECT_NAME = r"""(?m)^\[project\]\s*\n(?:(?!\[).*\n)*?\s*name\s*=\s*["']([^"']+)["']"""


@dataclass(frozen=True)
class LocalPath:
    """A file or directory that a requirement or `-e` names."""

    path: str
    """The path, without `file:`, extras, fragment and marker."""

    start: int
    """Where the path, `file:` included, begins in the requirement."""

    end: int
    """Where it ends in the requirement."""

    def replaced_in(self, requirement: str, text: str) -> str:
        """Return the requirement with `text` in place of the path; uv requires a blank before a marker."""
        rest = requirement[self.end :]
        return f"{requirement[: self.start]}{text}{' ' if rest.startswith(';') else ''}{rest}"


def project_name(text: str) -> str:
    """Return the name that a `pyproject.toml` gives its project; empty if it gives none. Python 3.7 reads no TOML."""
    match = re.search(_PROJECT_NAME, text)
    return match[1] if match else ""


def local_path(requirement: str, *, editable: bool = False) -> LocalPath | None:
    """Return the file or directory that a requirement names, or None if it is a name or an address.

    Follows pip: `./pkg`, `pkg/`, `dist/a-1.0-py3-none-any.whl`, `pkg @ file:///wheels/a.whl`, `./pkg[extra]`; and what
    uv takes besides: `pkg @ ./pkg`.

    Args:
        requirement: The value of a statement.
        editable: Whether it is the value of `-e`, which is a path unless it is an address.
    """
    if not editable and is_plain(requirement):
        return None
    direct = None if editable else re.match(_DIRECT, requirement)
    start = direct.end() if direct else 0
    if re.match(_URL, requirement[start:]) and not re.match(_FILE_URL, requirement[start:]):
        return None
    # After a direct reference a semicolon can belong to the address; a marker follows a blank there.
    marker = re.search(r"\s;|;\s" if direct else r";", requirement[start:])
    target = requirement[start : start + marker.start() if marker else None].rstrip()
    end = start + len(target)
    address = re.match(_FILE_URL, target)
    if not direct:
        extras = re.search(_EXTRAS, target)
        end -= len(extras[0]) if extras else 0
    path = requirement[start:end].partition("#")[0]
    end = start + len(path)
    if address:
        from urllib.parse import unquote  # noqa: PLC0415 - few files have such an address

        return LocalPath(unquote(path[address.end() :]), start, end)
    return LocalPath(path, start, end) if _is_path(path, certain=editable) else None


def is_plain(requirement: str) -> bool:
    """Return whether a requirement is a name, maybe with extras, versions and a marker, as most lines of files are."""
    return _PLAIN.fullmatch(requirement) is not None and not is_file(requirement.partition(";")[0].rstrip())


def _is_path(text: str, *, certain: bool) -> bool:
    if not text or certain:
        return bool(text)
    if text in {".", ".."} or text.startswith(("./", "../", "/")):
        return True
    named = "/" in text or text.lower().endswith(_ARCHIVES)
    return named and not re.search(r"\s|[<>=!~]=", text)


def is_file(path: str) -> bool:
    """Return whether a path of a requirement or of `--find-links` is a file by its name, and not a directory."""
    return path.lower().endswith((*_ARCHIVES, ".html", ".htm"))


def is_lock(path: str) -> bool:
    """Return whether a file of requirements is a lock, by its name (PEP 751: `pylock.toml`, `pylock.<name>.toml`)."""
    return _LOCK.fullmatch(path.rpartition("/")[2]) is not None
