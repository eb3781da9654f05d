"""Requirements files with every local path in them made absolute.

pip and uv take local packages relative to where they run; a file that lies in a folder means its own folder, and that
is what the frontend looked for when it chose what enters the step. Copies are installed from, so that both agree. What
is not there relative to the file is tried relative to the context, which is where most people run pip.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Sequence
from urllib.parse import quote

from pyenv_image import pip_format
from pyenv_image.failure import StepError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Mapping

__all__ = ["Requirements"]


class Requirements:
    """Copies of requirements files.

    Args:
        context: the folder that the files lie in, with all that they name.
        folder: an empty folder for the copies.
        environ: the variables that the files may refer to.
        editable: whether sources stay where they are, so that packages may be installed editable (`-e`).
    """

    def __init__(self, context: Path, folder: Path, environ: Mapping[str, str], *, editable: bool = False) -> None:
        self._context = context
        self._folder = folder
        self._environ = environ
        self._editable = editable
        self._copies: dict[Path, Path] = {}

    def copy(self, path: Path) -> Path:
        """Copy a file, and those that it names; return the copy. A lock (pylock.toml) is left where it is.

        Raises:
            StepError: one of them is not text.
        """
        if path.suffix == ".toml":
            return path
        if path not in self._copies:
            self._copies[path] = self._place(path.name)
            self._write(self._copies[path], _text(path), path.parent)
        return self._copies[path]

    def inline(self, lines: Sequence[str]) -> Path:
        """Write lines that no file has; paths in them are relative to the context."""
        target = self._place("PYENV-requirements.txt")
        self._write(target, "".join(f"{line}\n" for line in lines), self._context)
        return target

    def _place(self, name: str) -> Path:
        """A folder for each copy: names are kept for messages, and may be the same."""
        folder = self._folder / str(len(list(self._folder.iterdir())))
        folder.mkdir()
        return folder / name

    def _write(self, target: Path, text: str, base: Path) -> None:
        text = pip_format.rewrite(text, lambda statement: self._changed(statement, base), self._environ)
        target.write_bytes(pip_format.encode(text))

    def _changed(self, statement: pip_format.Statement, base: Path) -> str | None:
        """Return a statement with its path absolute, or None if it names none that is there."""
        if statement.kind in {pip_format.REQUIREMENT, pip_format.EDITABLE}:
            return self._package(statement, base)
        if statement.kind == pip_format.OPTION:
            return None
        path = self._find(statement.value, base)
        if path is None:
            return None
        if statement.kind != pip_format.FIND_LINKS and path.is_file():
            path = self.copy(path)
        return f"{statement.option} {_written(path)}"

    def _package(self, statement: pip_format.Statement, base: Path) -> str | None:
        """Return a local package with its path absolute; one asked for as editable becomes the package alone."""
        editable = statement.kind == pip_format.EDITABLE
        local = pip_format.local_path(statement.value, editable=editable)
        path = self._find(local.path, base) if local else None
        flag = "-e " if editable and self._editable else ""
        if local is None or path is None:
            return f"{flag}{statement.value}" if editable else None
        return flag + local.replaced_in(statement.value, _written(path, address=local.start > 0))

    def _find(self, path: str, base: Path) -> Path | None:
        """Return where a path leads, if it is one and leads anywhere."""
        if "://" in path:
            return None
        return next((place for place in (base / path, self._context / path) if place.exists()), None)


def _text(path: Path) -> str:
    try:
        return pip_format.decode(path.read_bytes())
    except UnicodeDecodeError as error:
        raise StepError(f"{path.name} is not text in {error.encoding.upper()} (byte {error.start})") from None


def _written(path: Path, *, address: bool = False) -> str:
    """Return a path as it can stand in a line; pip takes a blank or a quote in it for the end of an option."""
    plain = re.fullmatch(r"[^\s'\"\\#;]+", str(path))
    return str(path) if plain and not address else f"file://{quote(str(path))}"
