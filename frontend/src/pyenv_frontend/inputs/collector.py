"""The files of the build context that one PYENV refers to, and the errors for missing ones."""

from __future__ import annotations

import contextlib
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from pyenv_frontend.errors import UserError, nearest, printable
from pyenv_frontend.inputs.build_context import NotInContextError, UnreadableFileError
from pyenv_frontend.inputs.links import broken_link
from pyenv_frontend.positions import Location, SourceFile
from pyenv_frontend.pyenv.context_path import join
from pyenv_frontend.pyenv.invalid_value import InvalidValue
from pyenv_image.local_paths import OF_PROJECT, is_file

if TYPE_CHECKING:
    from pyenv_frontend.inputs.build_context import BuildContext

__all__ = ["InputCollector", "ListedRequirement", "Origin"]

_LISTS = ("pyproject.toml", "requirements.txt", "pylock.toml")
_SHOWN = 8
"""Maximum number of neighbours of a missing file that an error names."""

_COMPUTES = re.compile(rb"\bdynamic\b|\binstall_requires\b|\bextras_require\b")
"""What the files of a project have if its dependencies may be read from others."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a file's name: a word of the Dockerfile, and the line of a file that this word refers to."""

    word: Location
    line: Location | None = None

    def at(self, line: Location) -> Origin:
        """Return the origin at a line of a referenced file; a line of the Dockerfile itself replaces the word."""
        return Origin(line) if line.file is self.word.file else Origin(self.word, line)

    @property
    def locations(self) -> tuple[Location, ...]:
        """The locations, that of the Dockerfile first, since a build shows that one."""
        return (self.word,) if self.line is None else (self.word, self.line)

    def hint_for_path(self) -> str:
        """Return what to write for a path that means something else in other tools; otherwise an empty text."""
        place = self.line or self.word
        written = place.file.data[place.span.start : place.span.end].decode("utf-8", "replace")
        if self.line and "\\" in written:
            return f"paths have / here: {written.replace('\\', '/')}"
        if not self.line and written.startswith("/"):
            return f"PYENV takes files of the build context; one of the stage is named in a heredoc: -r {written}"
        return ""

    def says(self, path: str) -> str:
        """Return the beginning of a sentence about `path`."""
        if self.line is None:
            return path
        return f"{path}, which {self.line.file.name} names in line {self.line.position.line},"


@dataclass(frozen=True, slots=True)
class ListedRequirement:
    """One requirement, and where it is written."""

    text: str
    origin: Origin

    locked: bool = False
    """Whether a lock file beside it decides the version."""


class InputCollector:
    """Collects everything that one PYENV refers to."""

    __slots__ = (
        "constraints",
        "context",
        "default_groups",
        "files",
        "listed",
        "locked",
        "only_groups",
        "requires_python",
        "trees",
    )

    def __init__(self, context: BuildContext) -> None:
        self.context = context
        self.files: dict[str, SourceFile] = {}
        """The files that were read, by path."""
        self.trees: dict[str, None] = {}
        """Directories and archives that are named but not read, in order."""
        self.listed: list[ListedRequirement] = []
        self.locked: list[str] = []
        """The `pyproject.toml`s with a lock, beside them or at the root of their workspace."""
        self.requires_python: list[ListedRequirement] = []
        """The versions of Python that its projects are for."""
        self.only_groups: list[str] = []
        """Those that list dependencies in groups alone."""
        self.constraints: list[str] = []
        self.default_groups: list[str] = []
        """The groups that its locks install by themselves."""

    def read(self, path: str, origin: Origin) -> SourceFile:
        """Read a required file.

        Raises:
            UserError: it is not.
        """
        if path not in self.files:
            try:
                self.files[path] = SourceFile(path, self.context.read(path))
            except NotInContextError as error:
                self._missing(path, origin, error.hint)
            except UnreadableFileError as error:
                message = f"{origin.says(path)} {error}"
                hint = "name another file, or split this one: a file may name others by -r"
                raise UserError(message, *origin.locations, hint=hint) from None
        return self.files[path]

    def read_if_there(self, path: str, origin: Origin) -> SourceFile | None:
        """Read an optional file; None if there is none.

        Raises:
            UserError: it is too large, or a device.
        """
        if path not in self.files and self.context.exists(path):
            try:
                self.files[path] = SourceFile(path, self.context.read(path))
            except NotInContextError:  # a directory
                return None
            except UnreadableFileError as error:
                hint = "make it smaller, or leave it out of the build context (.dockerignore)"
                raise UserError(f"{path} {error}", *origin.locations, hint=hint) from None
        return self.files.get(path)

    def tree(self, path: str, origin: Origin) -> None:
        """Add a required directory or archive; of a directory, the files that say what it depends on are read.

        Raises:
            UserError: it is not.
        """
        if path and not self.context.exists(path):
            self._missing(path, origin)
        self.trees[path or "."] = None
        if not is_file(path):
            files = [self.read_if_there(posixpath.join(path, name), origin) for name in (*OF_PROJECT, "setup.cfg")]
            if any(file is not None and _COMPUTES.search(file.data) for file in files):
                self._read_lists(path)

    def _read_lists(self, folder: str) -> None:
        """Read the files from which a package may compute what it depends on; what cannot be read is no list."""
        for place in (folder, posixpath.join(folder, "requirements")):
            for name in self.context.names(place):
                path = posixpath.join(place, name)
                if name.endswith((".txt", ".in")) and path not in self.files:
                    with contextlib.suppress(NotInContextError, UnreadableFileError):
                        self.files[path] = SourceFile(path, self.context.read(path))

    def is_project(self, folder: str) -> bool:
        """Return whether a directory can be installed."""
        return any(self.context.exists(posixpath.join(folder, name)) for name in OF_PROJECT)

    def check_project(self, folder: str, origin: Origin) -> None:
        """Check that a directory can be installed.

        Raises:
            UserError: it has no file that says how.
        """
        if self.is_project(folder):
            return
        files = [posixpath.join(folder, name) for name in OF_PROJECT]
        message = f"{origin.says(folder or '.')} is not a project, without a pyproject.toml and a setup.py"
        ignored = next((file for file in files if self.context.ignored_by(file)), "")
        hint = self._taken_in(ignored, ignored) if ignored else self._content(folder)
        raise UserError(message, *origin.locations, hint=hint)

    def join(self, folder: str, text: str, origin: Origin) -> str:
        """Resolve a path that a file in `folder` names, relative to the context.

        Raises:
            UserError: it leaves the context.
        """
        try:
            return join(folder, text)
        except InvalidValue as error:
            shown = printable(text.encode("utf-8", "replace"))
            message = f"{origin.says(shown)}{error.message.removeprefix(shown)}"
            hint = f"{error.hint}, and name it relative to the file that names it"
            raise UserError(message, *origin.locations, hint=hint) from None

    def _missing(self, path: str, origin: Origin, hint: str = "") -> NoReturn:
        if broken := broken_link(self.context, path):
            message, hint = broken
            raise UserError(f"{origin.says(path)}{message.removeprefix(path)}", *origin.locations, hint=hint)
        if self.context.exists(path):
            message = f"{origin.says(path)} is a folder"
            lists = [name for name in _LISTS if self.context.exists(posixpath.join(path, name))]
            hint = f"did you mean {posixpath.join(path, lists[0])}?" if lists else self._content(path)
            raise UserError(message, *origin.locations, expected="a file", hint=hint)
        message = f"{origin.says(path)} is not in the build context"
        hint = hint or origin.hint_for_path() or self._neighbours(path, named=origin.line is not None)
        raise UserError(message, *origin.locations, hint=hint)

    def _neighbours(self, path: str, *, named: bool) -> str:
        """Suggest what exists instead; a word of the Dockerfile may be another mistake than a wrong file name."""
        from pyenv_frontend.pyenv.hints import file_hint  # noqa: PLC0415

        if self.context.ignored_by(path):
            return self._taken_in(path, "it")
        folder, _, name = path.rpartition("/")
        if set(path) & set("*?") and not named:
            return file_hint(path)
        close = nearest(name, sorted(self.context.names(folder)))
        if close:
            return f"did you mean {folder}/{close}?" if folder else f"did you mean {close}?"
        if folder and self.context.exists(name):
            return f"did you mean {name}, at the top of the build context?"
        return ("" if named else file_hint(path)) or self._content(folder)

    def _taken_in(self, path: str, name: str) -> str:
        return f"{self.context.ignored_by(path)} leaves {name} out; add the line !{path} to it"

    def _content(self, folder: str) -> str:
        """Return the names in a folder."""
        if folder and not self.context.exists(folder):
            return f"there is no folder {folder}"
        names = sorted(self.context.names(folder))
        shown = ", ".join(names[:_SHOWN]) or "nothing"
        place = f"the folder {folder}" if folder else "the build context"
        return f"{place} holds {shown}{', ...' if len(names) > _SHOWN else ''}"
