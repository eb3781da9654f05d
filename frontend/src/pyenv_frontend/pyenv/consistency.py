"""Check that the parts of a PYENV, each of them valid, go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.errors import UserError
from pyenv_frontend.positions import Location

if TYPE_CHECKING:
    from pyenv_frontend.positions import SourceFile
    from pyenv_frontend.pyenv.instruction import Options, Pyenv, RequirementsFile

__all__ = ["check_locks", "check_projects"]


def check_locks(pyenv: Pyenv) -> None:
    """Check that a lock decides on everything, and that a trigger asks for none.

    Raises:
        UserError: there is something beside the lock, or a trigger has `--lock`.
    """
    options, file = pyenv.options, pyenv.instruction.file
    span = options.span("lock")
    if pyenv.onbuild and span is not None and options.lock != "off":
        raise UserError(
            f"--lock={options.lock} cannot be used after ONBUILD: triggers take no lock of their name",
            Location(file, span),
            hint="leave --lock out, or name a pylock.toml as the requirements",
        )
    lock = next((entry for entry in pyenv.requirements if entry.kind == "pylock"), None)
    others = [entry for entry in pyenv.requirements if entry.kind != "pyproject" and entry is not lock]
    beside = others or pyenv.inline is not None or options.constraints
    if lock is not None and beside and options.installer == "uv":
        raise UserError(
            f"{lock.path} is a lock, and uv takes no other requirements or constraints beside one",
            Location(file, lock.span),
            hint="name what the lock was made from instead, and make one lock of all with pyenv-frontend lock",
        )


def check_projects(options: Options, requirements: tuple[RequirementsFile, ...], file: SourceFile) -> None:
    """Check that extras and groups have a project.

    Args:
        options: the options of the PYENV.
        requirements: the files that it names.
        file: the Dockerfile.

    Raises:
        UserError: there is none.
    """
    if any(named.kind != "requirements" for named in requirements):
        return
    for name, span in options.spans:
        if name in {"extra", "group"}:
            message = f"--{name} is for projects, and this PYENV names none"
            expected = "a pyproject.toml or pylock.toml among the requirements"
            raise UserError(message, Location(file, span), expected=expected)
