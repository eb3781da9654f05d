"""Find uv: on PATH, or in the installed package `uv`."""

from __future__ import annotations

import shutil
from importlib import import_module
from pathlib import Path

from pyenv_frontend.errors import UsageError

__all__ = ["find_uv"]


def find_uv() -> Path:
    """Find the uv program.

    Raises:
        UsageError: there is none.
    """
    program = shutil.which("uv")
    if program:
        return Path(program)
    try:
        return Path(import_module("uv").find_uv_bin())
    except (ImportError, FileNotFoundError):
        raise UsageError("there is no uv on this machine: get it with `pip install uv`") from None
