"""Requirements files with every local path in them made absolute.

pip and uv take local packages relative to where they run; a file that lies in a folder means its own folder, and that
is what the frontend looked for when it chose what enters the step. Copies are installed from, so that both agree. What
is not there relative to the file is tried relative to the context, which is where most people run pip.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Sequence
from urllib.parse import quote

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Requirements"]

_OPTION = re.compile(
    r"\s*(?P<flag>-[rcef]|--(?:requirement|constraint|editable|find-links)(?=[\s=]))(?P<gap>[\s=]*)"
    r"(?P<path>[^\s=;#\[][^\s;#\[]*)(?P<rest>.*)"
)
# `name @ path`, or a path alone; extras and markers follow.
_REQUIREMENT = re.compile(
    r"(?P<name>\s*(?:[A-Za-z0-9][\w.-]*(?:\s*\[[^\]]*\])?\s*@\s*)?)(?P<path>[^\s;#@\[]+)(?P<rest>.*)"
)
# UTF-32's mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_EDITABLE = ("-e", "--editable")
_NESTED = ("-r", "--requirement", "-c", "--constraint")


class Requirements:
    """Copies of requirements files.

    Args:
        context: the folder that the files lie in, with all that they name.
        folder: an empty folder for the copies.
        editable: whether sources stay where they are, so that packages may be installed editable (`-e`).
    """

    def __init__(self, context: Path, folder: Path, *, editable: bool = False) -> None:
        self._context = context
        self._folder = folder
        self._editable = editable
        self._copies: dict[Path, Path] = {}

    def copy(self, path: Path) -> Path:
        """Copy a file, and those that it names; return the copy. A lock (pylock.toml) is left where it is."""
        if path.suffix == ".toml":
            return path
        if path not in self._copies:
            self._copies[path] = self._place(path.name)
            self._write(self._copies[path], _decoded(path.read_bytes()).splitlines(), path.parent)
        return self._copies[path]

    def inline(self, lines: Sequence[str]) -> Path:
        """Write lines that no file has; paths in them are relative to the context."""
        target = self._place("PYENV-requirements.txt")
        self._write(target, lines, self._context)
        return target

    def _place(self, name: str) -> Path:
        """A folder for each copy: names are kept for messages, and may be the same."""
        folder = self._folder / str(len(list(self._folder.iterdir())))
        folder.mkdir()
        return folder / name

    def _write(self, target: Path, lines: Sequence[str], base: Path) -> None:
        text = "".join(self._line(line, base) + "\n" for line in lines)
        target.write_bytes(text.encode("utf-8", "surrogateescape"))

    def _line(self, line: str, base: Path) -> str:
        option = _OPTION.fullmatch(line)
        if option:
            return self._option(base, **option.groupdict())
        requirement = _REQUIREMENT.fullmatch(line)
        if requirement is None or line.lstrip().startswith("-"):
            return line
        path = requirement["path"].replace("file:", "", 1) if requirement["name"].strip() else requirement["path"]
        found = self._find(path, base) if _is_local(path) else None
        if found is None:
            return line
        named = requirement["name"]
        return f"{named}{_written(found, address=bool(named.strip()))}{requirement['rest']}"

    def _option(self, base: Path, flag: str, gap: str, path: str, rest: str) -> str:
        """An option that names a file; one that asks for an editable package becomes the package alone."""
        found = self._find(path, base)
        if flag in _EDITABLE and not self._editable:
            text = f"{_written(found) if found else path}{rest}".strip()
            return text.strip(text[0]) if text[0] in "'\"" else text
        copied = self.copy(found) if found and flag in _NESTED and found.is_file() else found
        return f"{flag}{gap or ' '}{_written(copied) if copied else path}{rest}"

    def _find(self, path: str, base: Path) -> Path | None:
        """Where a path leads, if it is one and leads anywhere."""
        if "://" in path:
            return None
        return next((place for place in (base / path, self._context / path) if place.exists()), None)


def _written(path: Path, *, address: bool = False) -> str:
    """A path as it can stand in a line; pip takes a blank or a quote in it for the end of an option."""
    plain = re.fullmatch(r"[^\s'\"\\#;]+", str(path))
    return str(path) if plain and not address else f"file://{quote(str(path))}"


def _decoded(content: bytes) -> str:
    """A file's text: UTF-8, or what its byte order mark says, as pip reads it."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    return content.decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")


def _is_local(path: str) -> bool:
    return "://" not in path and (path.startswith(".") or "/" in path or path.endswith(_ARCHIVES))
