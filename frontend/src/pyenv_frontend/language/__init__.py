"""The PYENV language: what an instruction says, where it stands, and what it refers to."""

from pyenv_frontend.language.instruction import (
    EnvironmentName,
    Installer,
    Options,
    Pyenv,
    PythonVersion,
    RequirementsFile,
    RequirementsKind,
)
from pyenv_frontend.language.program import Environment, Program, Stage, StageState
from pyenv_frontend.language.scopes import Settings, has_pyenv, read

__all__ = [
    "Environment",
    "EnvironmentName",
    "Installer",
    "Options",
    "Program",
    "Pyenv",
    "PythonVersion",
    "RequirementsFile",
    "RequirementsKind",
    "Settings",
    "Stage",
    "StageState",
    "has_pyenv",
    "read",
]
