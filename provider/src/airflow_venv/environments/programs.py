"""The programs of an environment, such as `dbt`: what packages install beside its interpreter."""

from __future__ import annotations

import os
from pathlib import Path

from airflow_venv import config
from airflow_venv.environments import lookup
from airflow_venv.errors import UnknownProgramError, did_you_mean

__all__ = ["executable"]


def executable(venv: str, program: str) -> str:
    """Return the path of a program of an environment, as in `executable("dbt", "dbt")`.

    It is looked up when this is called: for a DAG file, each time that it is parsed, on the worker as well. A process
    without any environment, such as a DAG processor that runs another image, gets a text that no file has as its
    name; `[venv] parse_check = strict` makes that an error.

    Args:
        venv: the environment's name.
        program: the program's name, without a folder.

    Raises:
        UnknownEnvironmentError: there is no such environment.
        BrokenEnvironmentError: its interpreter is missing or cannot run here.
        UnknownProgramError: the environment has no such program.
        ValueError: the program's name has a folder in it.
    """
    name = lookup.check_name(venv)
    if not program or os.sep in program:
        raise ValueError(f"program={program!r} must be the name of a program, without a folder")
    if not lookup.environments() and config.option("parse_check") != "strict":
        return f"{program} of the environment {name}, which does not exist in this process"
    python = lookup.find(name)
    lookup.check_python(python, f"The environment {name!r}")
    folder = Path(python).parent
    path = folder / program
    if not path.is_file() or not os.access(path, os.X_OK):
        raise UnknownProgramError(_unknown(name, program, folder))
    return str(path)


def _unknown(name: str, program: str, folder: Path) -> str:
    """Word the error: the near miss, and where programs come from."""
    programs = sorted(path.name for path in folder.iterdir() if path.is_file() and os.access(path, os.X_OK))
    parts = [f"The environment {name!r} has no program {program!r} ({folder})."]
    parts.append(did_you_mean(program, programs))
    parts.append("Add the package that brings it to the environment's requirements and build again.")
    return " ".join(filter(None, parts))
