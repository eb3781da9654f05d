"""The inputs of a lock, as names and digests: the lock fits as long as they are the same.

Pure. The command line makes a lock from them, a build compares them with those in the lock; neither needs a network.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from pyenv_frontend.inputs.parsed_toml import parsed_toml
from pyenv_frontend.pyenv.options import OPTIONS
from pyenv_frontend.sha2 import sha256
from pyenv_image.logical_lines import logical_lines
from pyenv_image.pip_format import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.pyenv.options import OptionSpec
    from pyenv_frontend.stages.program import Environment

__all__ = [
    "CONSTRAINT_VARIABLES",
    "VERSION_VARIABLES",
    "assumed_variables",
    "changes",
    "differences",
    "files_among",
    "lock_inputs",
    "uncertain_inputs",
]

VERSION_VARIABLES: Final = (
    "UV_EXCLUDE_NEWER",
    "UV_INDEX_STRATEGY",
    "UV_NO_BINARY",
    "UV_NO_BINARY_PACKAGE",
    "UV_NO_BUILD",
    "UV_NO_BUILD_PACKAGE",
    "UV_NO_SOURCES",
    "UV_NO_SOURCES_PACKAGE",
    "UV_PRERELEASE",
    "UV_RESOLUTION",
    "UV_TORCH_BACKEND",
    "PIP_NO_BINARY",
    "PIP_ONLY_BINARY",
    "PIP_PRE",
    "PIP_UPLOADED_PRIOR_TO",
)
"""The variables of a stage that decide on versions. Those that name indexes do not count: they may hold passwords."""


CONSTRAINT_VARIABLES: Final = ("UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE", "PIP_CONSTRAINT")
"""The variables of a stage that name files which decide on versions; a lock is made with those that are addresses."""

_DECIDING: Final = (*VERSION_VARIABLES, *CONSTRAINT_VARIABLES)

_CHECKERS: Final = frozenset(
    {
        "bandit", "basedpyright", "black", "codespell", "coverage", "flake8", "importlinter", "interrogate", "isort",
        "mypy", "nox", "pydocstyle", "pylint", "pyright", "pytest", "ruff", "towncrier", "tox", "ty", "vulture", "yapf",
    }
)  # fmt: skip
"""The tables `[tool.*]` of a pyproject.toml that decide on no package."""

_CREDENTIALS: Final = re.compile(rb"://[^\s/@'\"]+@")

_OF_THE_LINE: Final = ("Python", "options", "the heredoc")
"""The inputs that are written in the instruction."""


def lock_inputs(environment: Environment, requirements: RequirementInputs) -> dict[str, str]:
    """Return what an environment is resolved from: a digest or a short text for each input.

    Args:
        environment: the instruction and its stage's state.
        requirements: its requirements, with every file that they name.
    """
    pyenv, variables = environment.pyenv, environment.state.env
    words = [word for spec in OPTIONS if spec.resolves for word in _words(spec, getattr(pyenv.options, spec.field))]
    words += [f"{file.kind}:{file.path}" for file in pyenv.requirements]
    inputs = {"Python": pyenv.version.text, "options": _digest(json.dumps(words).encode())}
    inputs |= {f"ENV {name}": _digest(variables[name].encode()) for name in _DECIDING if variables.get(name)}
    if pyenv.inline is not None:
        inputs["the heredoc"] = _digest(_lines(pyenv.inline))
    for path in requirements.files:
        name = f"./{path}" if path in _OF_THE_LINE or path.startswith("ENV ") else path
        content = requirements.contents[path].data
        inputs[name] = _digest(_lines(content) if path in requirements.lists else _deciding(path, content))
    return inputs


def _words(spec: OptionSpec, value: str | bool | tuple[str, ...]) -> list[str]:
    """Return the values of an option; files among them count with their content as well."""
    values = value if isinstance(value, tuple) else (value,)
    return [f"{spec.name}={item}" for item in values if item]


def files_among(inputs: Iterable[str]) -> tuple[str, ...]:
    """Return the inputs that are files, by their names."""
    return tuple(name for name in inputs if name not in _OF_THE_LINE and not name.startswith("ENV "))


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Describe the differences between inputs: `requirements.txt changed`."""
    sentences = []
    for name in {**after, **before}:
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if old is None:
            sentences.append(f"{name} is new")
        elif new is None:
            sentences.append(f"{name} is gone")
        elif name == "Python":
            sentences.append(f"Python {old} became {new}")
        else:
            sentences.append(f"{name} changed")
    return sentences


def assumed_variables(environment: Environment) -> list[str]:
    """Return the variables that are not set and that the inputs depend on, sorted; a base image may set them."""
    assumed = environment.state.assumed
    return sorted(environment.assumed.union(*(assumed.get(name, ()) for name in _DECIDING)))


def uncertain_inputs(before: Mapping[str, str], after: Mapping[str, str], environment: Environment) -> set[str]:
    """Return the inputs that may differ only because a variable was not set, which a base image may set.

    A file that a lock was made from, and that has another content, differs whatever the variable is.
    """
    assumed = environment.state.assumed
    names = {f"ENV {name}" for name in _DECIDING if name in assumed}
    if environment.assumed:
        names |= {*_OF_THE_LINE, *files_among(before.keys() ^ after.keys())}
    return names


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Describe the differences between the inputs of two environments: `only one has requirements.txt`."""
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    return [
        f"only one has {name}"
        if not (name in one and name in other)
        else f"one has Python {one[name]}, the other Python {other[name]}"
        if name == "Python"
        else f"they differ in {name}"
        for name in names
    ]


def _deciding(path: str, content: bytes) -> bytes:
    """Return the part of a file that may decide on packages: of a project, everything but the settings of checkers."""
    if path.rpartition("/")[2] != "pyproject.toml":
        return _normalized(content)
    try:
        project = dict(parsed_toml(content))
    except ValueError:
        return _normalized(content)
    tools = project.pop("tool", {})
    if isinstance(tools, dict):
        tools = {name: table for name, table in tools.items() if name not in _CHECKERS}
    return json.dumps({**project, "tool": tools}, sort_keys=True, default=str).encode("utf-8", "surrogatepass")


def _normalized(content: bytes) -> bytes:
    """Normalize line endings, which differ between checkouts of one file on Windows and Linux."""
    return content.replace(b"\r\n", b"\n")


def _lines(requirements: bytes) -> bytes:
    """Return what a requirements file says: its logical lines, without comments and empty ones."""
    lines = (line.text.strip() for line in logical_lines(decode(requirements)))
    return "\n".join(filter(None, lines)).encode("utf-8", "surrogatepass")


def _digest(content: bytes) -> str:
    """Return the digest of an input; without the credentials of addresses, which might be guessed by trying."""
    return f"sha256:{sha256(_CREDENTIALS.sub(b'://', content)).hexdigest()}"
