"""The folders of environments in an image: each has one of its own, which is replaced as a whole."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from pyenv_frontend.errors import UserError
from pyenv_frontend.positions import Location

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenv_frontend.pyenv.instruction import Pyenv

__all__ = ["GRAFTS", "Places"]

GRAFTS: Final = "/opt/pyenv"
"""The folder of the interpreters that PYENVs put into an image, each in a folder named after its version."""


class Places:
    """The folders of the environments that a stage has so far.

    Args:
        parent: those of the stage that it is based on.
    """

    def __init__(self, parent: Places | None = None) -> None:
        self.parent = parent
        self.folders: dict[str, Pyenv] = {}
        self.above: dict[str, str] = {}
        """The folders above these, with one of those that are below."""

    def take(self, path: str, pyenv: Pyenv) -> None:
        """Add the folder of an environment.

        Raises:
            UserError: it is the folder of an earlier one, inside of it, or around it.
        """
        above = _folders_above(path)
        for places in self._chain():
            for place in (path, *above):
                if place in places.folders:
                    other = places.folders[place]
                    relation = (
                        "is the folder of the environment" if place == path else f"is inside {place}, the environment"
                    )
                    raise _error(f"{path} {relation} {other.name.text!r}", pyenv, other)
            if path in places.above:
                below = places.above[path]
                other = places.folders[below]
                raise _error(f"{path} has {below} in it, the environment {other.name.text!r}", pyenv, other)
        self.folders[path] = pyenv
        self.above.update(dict.fromkeys(above, path))

    def _chain(self) -> Iterator[Places]:
        places: Places | None = self
        while places is not None:
            yield places
            places = places.parent


def _folders_above(path: str) -> list[str]:
    above = []
    while path != "/":
        path = posixpath.dirname(path)
        above.append(path)
    return above


def _error(message: str, pyenv: Pyenv, earlier: Pyenv) -> UserError:
    locations = (
        Location(environment.instruction.file, environment.options.span("path") or environment.name.span)
        for environment in (pyenv, earlier)
    )
    return UserError(message, *locations, hint="give one of them another folder with --path=DIR")
