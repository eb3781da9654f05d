"""Paths in requirements that name no file: with a variable, of a home, or an address that is for `git clone`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenv_frontend.errors import UserError

if TYPE_CHECKING:
    from pyenv_frontend.inputs.collector import Origin

__all__ = ["refuse_path"]

_CLONED = r"git\+(?P<user>[^/@:\s]+@)?(?P<host>[^/@:\s]+):(?!//)(?P<path>\S+)"


def refuse_path(value: str, origin: Origin) -> None:
    """Refuse a path that cannot be looked up in the build context.

    Args:
        value: the path.
        origin: where it is.

    Raises:
        UserError: it is such a path.
    """
    if "${" in value:
        message = f"{origin.says(value)} holds a variable, which only the installer could fill in"
        raise UserError(message, *origin.locations, hint="write the name itself")
    if value.startswith("~"):
        message = f"{origin.says(value)} begins with ~, which stands for a home in --find-links only"
        hint = "write the absolute path of the file in the stage, or the path of a file in the build context"
        raise UserError(message, *origin.locations, hint=hint)
    if cloned := re.match(_CLONED, value):
        message = f"{origin.says(value)} is not an address that installers read"
        user, host, path = cloned["user"] or "", cloned["host"], cloned["path"]
        raise UserError(message, *origin.locations, hint=f"write git+ssh://{user}{host}/{path}")
