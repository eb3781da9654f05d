"""Paths inside the build context: normalize them, and reject those that lead out of it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final

from pyenv_frontend.errors import printable
from pyenv_frontend.pyenv.invalid_value import InvalidValue
from pyenv_image.local_paths import is_file, is_lock

if TYPE_CHECKING:
    from pyenv_frontend.pyenv.instruction import RequirementsKind

__all__ = ["context_path", "is_url", "join", "kind_of"]

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def is_url(text: str) -> bool:
    """Whether it is an address, such as `https://...`, `git+ssh://...` or `file:///...`."""
    return _URL.match(text) is not None


def context_path(text: str) -> str:
    """Return a file of the context as the Dockerfile names it, in its one spelling: no leading `/`, no `.`, no `..`.

    Raises:
        InvalidValue: it is an address, leaves the context, or is the context itself.
    """
    if is_url(text):
        raise InvalidValue(
            f"{text} is an address, not a file of the build context", hint="download it into the build context"
        )
    return join("", text.lstrip("/"))


def join(folder: str, text: str) -> str:
    """Resolve `text`, a path in a file in `folder`, relative to the context.

    Raises:
        InvalidValue: it leaves the context.
    """
    if "\0" in text:
        raise InvalidValue(
            f"{printable(text.encode('utf-8', 'replace'))} is not a file name: it contains a NUL",
            hint="take the NUL out",
        )
    path = posixpath.normpath(posixpath.join(folder, text))
    if path == ".." or path.startswith(("../", "/")):
        raise InvalidValue(f"{text} lies outside of the build context", hint="move it into the build context")
    return "" if path == "." else path


def kind_of(path: str) -> RequirementsKind:
    """Return how a requirements file is read, by its name alone (PEP 751 fixes the names of lock files).

    Raises:
        InvalidValue: it is a file that holds something else.
    """
    name = path.rpartition("/")[2]
    if is_lock(path):
        return "pylock"
    if name == "pyproject.toml":
        return "pyproject"
    other = _OTHERS.get(name) or next((what for ending, what in _BY_ENDING.items() if name.endswith(ending)), "")
    if not path or other:
        what = other or "the build context itself"
        hint = _INSTEAD.get(name) or (f"write it into a requirements file or a heredoc: ./{path}" * is_file(path))
        hint = hint or (_NAMES * name.endswith(".toml"))
        raise InvalidValue(f"{path or '.'} is {what}, not a list of requirements", expected=_EXPECTED, hint=hint)
    return "requirements"


_EXPECTED: Final = "a requirements file, a pylock.toml or a pyproject.toml"
_NAMES: Final = "a project is named pyproject.toml, and a lock pylock.toml or pylock.NAME.toml"
_OTHERS: Final = {
    "uv.lock": "uv's lock, which is read with the project beside it",
    "setup.py": "a build script",
    "setup.cfg": "a build configuration",
    "poetry.lock": "Poetry's lock",
    "Pipfile": "Pipenv's list of packages",
    "Pipfile.lock": "Pipenv's lock",
    "environment.yml": "an environment of conda",
    "environment.yaml": "an environment of conda",
}
_BY_ENDING: Final = {".toml": "a TOML file", ".whl": "a wheel", ".tar.gz": "an archive", ".zip": "an archive"}
_PROJECT: Final = "to install the project itself, write its folder into a requirements file: ./folder"
_INSTEAD: Final = {
    "uv.lock": "name the pyproject.toml of its project",
    "setup.py": _PROJECT,
    "setup.cfg": _PROJECT,
    "poetry.lock": "make a requirements file of it: poetry export -o requirements.txt",
    "Pipfile": "make a requirements file of it: pipenv requirements > requirements.txt",
    "Pipfile.lock": "make a requirements file of it: pipenv requirements > requirements.txt",
    "environment.yml": "PYENV installs from the Python Package Index: list the packages in a requirements file",
    "environment.yaml": "PYENV installs from the Python Package Index: list the packages in a requirements file",
}
