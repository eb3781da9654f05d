"""Copies of requirements files that both installers read as pip reads the user's own.

pip and uv take local packages relative to where they run; for a file in a folder the frontend means that folder, where
it looked when it chose the step's inputs. A path that does not exist relative to the file is looked up relative to the
context, where most people run pip. An absolute path is one of the stage.

A copy has the path of its original and the same line numbers, so that an installer's messages name the user's file.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Sequence
from urllib.parse import quote

from pyenv_image import pip_format
from pyenv_image.failure import StepError
from pyenv_image.local_paths import OF_PROJECT, is_file, local_path, project_name
from pyenv_image.settings import file_option

if TYPE_CHECKING:
    from typing import Mapping

    from pyenv_image.workspace import Workspace

__all__ = ["Requirements", "is_project"]

_NAMED = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?!\S*://)")
_GIT = re.compile(r"(?:^|[\s@])git\+(\w+)")
_HEREDOC = "heredoc"


class Requirements:
    """Copies of requirements files.

    Args:
        workspace: has the build context, and a folder for the copies.
        environ: the variables that the files may refer to.
        installer: `uv` or `pip`.
        local: whether sources stay where they are, so that packages can be installed editable (`-e`).

    Attributes:
        arguments: for the installer, in place of options that only pip reads in a file.
        constraints: copies of constraints files that others name by `-c`, for the installer's command.
        programs: what fetches requirements, with the first place that needs it.
        notes: sentences for the build's log.
    """

    def __init__(
        self, workspace: Workspace, environ: Mapping[str, str], installer: str, *, local: bool = False
    ) -> None:
        self._workspace = workspace
        self._environ = environ
        self._installer = installer
        self._local = local
        self._copied: set[tuple[Path, bool]] = set()
        self.arguments: list[str] = []
        self.constraints: list[str] = []
        self.programs: dict[str, str] = {}
        self.notes: list[str] = []

    def copy(self, path: str, *, constraint: bool = False) -> str:
        """Copy a file of the build context, and those that it names.

        Args:
            path: the file.
            constraint: whether it is a constraints file.

        Returns:
            The copy, relative to the folder that installers run in; a lock (`pylock.toml`) is used where it is.

        Raises:
            StepError: a file is not text, names a path that the stage does not have, or has an option for pip alone.
        """
        if path.endswith(".toml"):
            return str(self._workspace.context / path)
        return self._from_installer(self._copy(self._workspace.context / path, constraint=constraint))

    def inline(self, lines: Sequence[str], heredoc: str = "") -> str:
        """Copy the lines of a heredoc; paths in them are relative to the context.

        Args:
            lines: the lines.
            heredoc: the Dockerfile's name and the number of the first line, if they are known: `Dockerfile:7`.
        """
        name, _, first = heredoc.rpartition(":")
        name = name or _HEREDOC
        blank = int(first or 1) - 1
        target = self._workspace.files / name
        text = "\n" * blank + "".join(f"{line}\n" for line in lines)
        self._write(target, text, self._workspace.context)
        return name

    def _copy(self, path: Path, *, constraint: bool) -> Path:
        target = self._place(path)
        if (path, constraint) not in self._copied:
            self._copied.add((path, constraint))
            self._write(target, _text(path, self._name(path)), path.parent, constraint=constraint)
        return target

    def _from_installer(self, copy: Path) -> str:
        """Return the path of a copy relative to the folder that installers run in."""
        return os.path.relpath(str(copy), str(self._workspace.files))

    def _place(self, path: Path) -> Path:
        context = self._workspace.context
        inside = path.relative_to(context) if context in path.parents else None
        return self._workspace.files / inside if inside else self._workspace.stage.joinpath(*path.parts[1:])

    def _name(self, path: Path) -> str:
        """Return the user's name of a file."""
        context = self._workspace.context
        return str(path.relative_to(context)) if context in path.parents else str(path)

    def _write(self, target: Path, text: str, base: Path, *, constraint: bool = False) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        relative = self._from_installer(target)
        name = relative if not relative.startswith("../") else f"/{target.relative_to(self._workspace.stage)}"
        requirement: pip_format.Statement | None = None
        unhashed: set[int] = set()
        hashed: set[int] = set()

        def change(statement: pip_format.Statement) -> str | None:
            nonlocal requirement
            for variable in pip_format.unset_variables(statement.value, self._environ):
                self.notes.append(
                    f"{name}:{statement.line} names ${{{variable}}}, which is not set: declare it with ARG, or hand it "
                    f"in by --mount=type=secret,id=...,env={variable}"
                )
            if statement.kind in {pip_format.REQUIREMENT, pip_format.EDITABLE}:
                requirement = statement
                unhashed.update([statement.line] if _takes_hash(statement) else [])
                for program in _programs(statement.value):
                    self.programs.setdefault(program, f"{name}:{statement.line}")
            elif requirement is not None and requirement.line != statement.line:
                requirement = None
            elif requirement is not None and statement.option == "--hash":
                hashed.add(requirement.line)
            try:
                return self._changed(statement, base, target.parent, requirement, constraint=constraint)
            except _LocatedError:  # in a file that this one names
                raise
            except StepError as error:
                raise _LocatedError(f"{name}:{statement.line}: {error}") from None

        target.write_bytes(pip_format.encode(pip_format.rewrite(text, change, self._environ)))
        if hashed and unhashed - hashed and self._installer == "uv":
            self.notes.append(
                f"{name}:{min(unhashed - hashed)} has no hash, unlike other requirements there, and uv does not check "
                "it; write --require-hashes into the file to have it refused, as pip does"
            )

    def _changed(
        self,
        statement: pip_format.Statement,
        base: Path,
        folder: Path,
        requirement: pip_format.Statement | None,
        *,
        constraint: bool,
    ) -> str | None:
        """Return what to write for a statement, or None if it can stay as it is.

        Args:
            statement: the statement.
            base: the folder that its paths are relative to.
            folder: that of the copy.
            requirement: what the line installs, if its options are about that.
            constraint: whether it is in a constraints file.
        """
        if not statement.value and pip_format.needs_value(statement.option):
            raise StepError(f"{statement.option} needs a value on its line")
        if statement.kind == pip_format.IGNORED:
            raise StepError(
                f"{statement.value} stands behind an option, where installers ignore it; write it on a line of its own"
            )
        if statement.kind in {pip_format.REQUIREMENT, pip_format.EDITABLE}:
            return self._package(statement, base)
        if statement.kind == pip_format.OPTION:
            return self._option(statement, base, requirement, constraint=constraint)
        # pip and this step take ~ for a home there; uv does not.
        is_links = statement.kind == pip_format.FIND_LINKS
        value = os.path.expanduser(statement.value) if is_links else statement.value  # noqa: PTH111 - as pip does it
        path = self._find(value, base)
        if path is None:
            return None
        if statement.kind == pip_format.CONSTRAINT and path.is_file() and self._installer == "uv":
            # uv reads the indexes that a constraints file names only if the command names the file.
            name = self._from_installer(self._copy(path, constraint=True))
            self.constraints += [] if name in self.constraints else [name]
            return ""
        if not is_links and path.is_file():
            copy = self._copy(path, constraint=constraint or statement.kind == pip_format.CONSTRAINT)
            return replace(statement, value=os.path.relpath(str(copy), str(folder))).written()
        return f"{statement.option} {_written(path)}"

    def _is_a_copy(self, path: Path) -> bool:
        folders = (path, *path.parents)
        return self._workspace.context in folders or self._workspace.stage in folders

    def _option(
        self, statement: pip_format.Statement, base: Path, requirement: pip_format.Statement | None, *, constraint: bool
    ) -> str | None:
        name = statement.option.lstrip("-")
        if name in {"config-settings", "config-setting"}:
            if requirement is None:
                raise StepError(f"{statement.option} belongs behind a requirement, on the same line")
            if self._installer == "pip":
                return None
            self.arguments.append(
                f"--config-settings-package={self._package_name(requirement, base)}:{statement.value}"
            )
            return ""
        if self._installer == "uv" and name == "pypi-url":
            return f"--index-url {statement.value}"
        arguments = file_option(name, statement.value, self._installer, constraint=constraint)
        if arguments is None:
            return None
        self.arguments += arguments
        return ""

    def _package_name(self, requirement: pip_format.Statement, base: Path) -> str:
        """Return the name of what a line installs, which uv needs for the settings of its build.

        Raises:
            StepError: neither the requirement nor its project says it.
        """
        local = local_path(requirement.value, editable=requirement.kind == pip_format.EDITABLE)
        path = self._find_package(local.path, base) if local and local.start == 0 else None
        text = _text(path / "pyproject.toml", "pyproject.toml") if path and (path / "pyproject.toml").is_file() else ""
        match = None if local and local.start == 0 else _NAMED.match(requirement.value)
        name = project_name(text) or (match[1] if match else "")
        if not name:
            raise StepError(f"--config-settings needs a name with uv: write NAME @ {requirement.value}")
        return name

    def _package(self, statement: pip_format.Statement, base: Path) -> str | None:
        """Return a local package with an absolute path, and without `-e` in an image."""
        editable = statement.kind == pip_format.EDITABLE
        local = local_path(statement.value, editable=editable)
        path = self._find_package(local.path, base) if local else None
        flag = "-e " if editable and self._local else ""
        if local is None or path is None:
            return f"{flag}{statement.value}" if editable else None
        if path.is_dir() and self._local and self._installer == "uv":
            from pyenv_image import reinstall  # noqa: PLC0415 - not in an image

            self.arguments += reinstall.of_project(path)
        elif path.is_dir() and not self._local and not self._is_a_copy(path):
            path = self._workspace.copy_of_stage(path)
        return flag + local.replaced_in(statement.value, _written(path, address=local.start > 0))

    def _find_package(self, path: str, base: Path) -> Path | None:
        """Return the file or project of a path; `-e .` in `requirements/dev.txt` means the project at the top."""
        if not is_file(path) and not path.startswith("/") and not is_project(base / path):
            top = self._workspace.context / path
            if is_project(top):
                return Path(os.path.normpath(str(top)))
        return self._find(path, base)

    def _find(self, path: str, base: Path) -> Path | None:
        """Return the file of a path; None if it is an address or does not exist.

        Raises:
            StepError: it is absolute and does not exist.
        """
        if "://" in path:
            return None
        candidates = [Path(os.path.normpath(str(folder / path))) for folder in (base, self._workspace.context)]
        place = next((candidate for candidate in candidates if candidate.exists()), None)
        if place is None and path.startswith("/"):
            if not self._workspace.is_in_image:
                raise StepError(f"{path} does not exist on this machine; only a build has the files of a stage")
            raise StepError(f"{path} does not exist in the stage; COPY it there before the PYENV")
        return place


class _LocatedError(StepError):
    """An error that names its file and line."""


def is_project(folder: Path) -> bool:
    """Return whether a folder can be installed."""
    return any((folder / name).exists() for name in OF_PROJECT)


def _takes_hash(statement: pip_format.Statement) -> bool:
    """Return whether a requirement is one that can have a hash, and has none in its address."""
    local = local_path(statement.value, editable=statement.kind == pip_format.EDITABLE)
    return local is None and not _GIT.search(statement.value) and "#sha256=" not in statement.value


def _programs(requirement: str) -> Sequence[str]:
    """Return the programs that fetch a requirement from a git repository; one with a marker may not be needed."""
    match = _GIT.search(requirement)
    return () if match is None or ";" in requirement else ("git", "ssh") if match[1] == "ssh" else ("git",)


def _text(path: Path, name: str) -> str:
    try:
        return pip_format.decode(path.read_bytes())
    except UnicodeDecodeError as error:
        raise StepError(f"{name} is not text in {pip_format.failed_byte(error)}") from None


def _written(path: Path, *, address: bool = False) -> str:
    """Return a path as it can stand in a line; pip takes a blank or a quote in it for the end of an option."""
    plain = re.fullmatch(r"[^\s'\"\\#;]+", str(path))
    return str(path) if plain and not address else f"file://{quote(str(path))}"
