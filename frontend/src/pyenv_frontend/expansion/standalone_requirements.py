"""Check the requirements files for a standalone print, in which installers read them as they are.

In a build through the frontend the step reads each file as pip does, and hands the installer what both understand.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from pyenv_frontend.errors import UserError
from pyenv_frontend.inputs.resolve import located_statements
from pyenv_frontend.positions import Location, SourceFile
from pyenv_image import pip_format
from pyenv_image.local_paths import local_path
from pyenv_image.settings import file_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_image.pip_format import Statement

__all__ = ["check_requirements"]


_FOR_UV: Final = "change it, write PYENV --installer=pip, or print without --standalone"
_OF_ONE_REQUIREMENT: Final = frozenset({"config-settings", "config-setting"})


def check_requirements(pyenv: Pyenv, requirements: RequirementInputs) -> None:
    """Check that the installer of a PYENV would read its files as the step of a build does.

    Raises:
        UserError: it would not.
    """
    for statement, folder, location in _statements(pyenv, requirements):
        reason, hint = _reason(statement, folder, requirements, pyenv.options.installer)
        if reason:
            message = f"PYENV {pyenv.name.text} reads {reason}, which a standalone Dockerfile cannot have"
            raise UserError(message, location, hint=hint)


def _statements(pyenv: Pyenv, requirements: RequirementInputs) -> Iterator[tuple[Statement, str, Location]]:
    """Return each statement with the folder of its file, and its place."""
    if pyenv.inline is not None:
        for statement in pip_format.read_statements(pyenv.inline.decode("utf-8", "surrogateescape")):
            yield statement, "", pyenv.instruction.heredocs[0].marker.location
    for path, file in requirements.contents.items():
        if path in requirements.lists and not path.endswith(".toml"):
            for statement, location in located_statements(SourceFile(path, file.data), pip_format.decode(file.data)):
                yield statement, posixpath.dirname(path), location


def _reason(statement: Statement, folder: str, requirements: RequirementInputs, installer: str) -> tuple[str, str]:
    """Return what of a statement means something else without the step, and what to do; empty: nothing does."""
    value = statement.value
    if statement.kind == pip_format.EDITABLE:
        return f"-e {value}", "write the path without -e: packages are installed, never linked"
    if statement.kind in {pip_format.REQUIREMENT, pip_format.FIND_LINKS}:
        return _local_reason(statement, folder, requirements, installer)
    if statement.kind == pip_format.OPTION and installer == "uv":
        name = statement.option.lstrip("-")
        understood = name not in _OF_ONE_REQUIREMENT and file_option(name, value, "uv") is None
        return ("", "") if understood else (f"--{name}, an option that uv does not read in a file", _FOR_UV)
    return "", ""


def _local_reason(
    statement: Statement, folder: str, requirements: RequirementInputs, installer: str
) -> tuple[str, str]:
    """Return why a path or a variable would lead elsewhere: installers take paths relative to where they run."""
    is_link = statement.kind == pip_format.FIND_LINKS
    local = None if is_link else local_path(statement.value, editable=False)
    path = statement.value if is_link and "://" not in statement.value else local.path if local else ""
    beside = posixpath.normpath(posixpath.join(folder, path)) if path and not path.startswith("/") else ""
    if beside and folder and any(beside == tree or beside.startswith(f"{tree}/") for tree in requirements.trees):
        return f"{path} in {folder}/", f"move the file to the top of the build context, and write ./{beside} there"
    if "${" in statement.value and installer == "uv" and "://" not in statement.value and not path:
        return f"the variable in {statement.value}", _FOR_UV
    return "", ""
