"""The path of an environment in the image, and its owner."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion.base_image import UserEntry

if TYPE_CHECKING:
    from pyenv_frontend.expansion.base_image import Base
    from pyenv_frontend.stages.program import Environment

__all__ = ["EnvironmentLocation", "HomeUnknownError", "locate"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ROOT = frozenset({"", "root", "0"})
_HOMELESS = frozenset({"", "/", "/nonexistent", "/dev/null"})
_SHARED = "/opt/venv"


class HomeUnknownError(Exception):
    """The stage's user is not in the base image's /etc/passwd, so the stage itself must create it.

    Attributes:
        user: the user's name.
        environment: the PYENV that needs the user's home.
    """

    def __init__(self, user: str, environment: Environment) -> None:
        super().__init__(user)
        self.user = user
        self.environment = environment


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentLocation:
    """The folder of one environment and its owner."""

    path: str
    user: str
    """USER of the stage as the engine gets it: `airflow`, `50000:0`, `root`."""

    home: str | None
    """The stage's `ENV HOME`, if it sets one; otherwise the owner's own home is used."""

    account: UserEntry | None
    """The owner's numbers, if they are known."""

    @property
    def python(self) -> str:
        """The value of `ASTRO_PYENV_<name>`."""
        return f"{self.path}/bin/python"

    @property
    def is_root(self) -> bool:
        """Whether the stage runs as root at this point."""
        return self.user.partition(":")[0] in _ROOT


def locate(environment: Environment, base: Base) -> EnvironmentLocation:
    """Locate an environment: `--path`, `$HOME/.venv/<name>`, or `/opt/venv/<name>` for root and users without a home.

    Raises:
        HomeUnknownError: it would be under the home of a user that the base image does not know.
        UserError: the stage's USER or HOME cannot be written on a line, or its user's home is not absolute.
    """
    pyenv, state = environment.pyenv, environment.state
    user = base.user if state.user is None else state.user
    name = user.partition(":")[0]
    account = base.accounts.get(name) or (UserEntry(uid=0, gid=0, home="/root") if name in _ROOT else None)
    stated = state.env.get("HOME") or base.env.get("HOME")
    if _CONTROL.search(user + (stated or "")):
        message = "the user or the home of this stage has a control character in it"
        raise UserError(message, pyenv.instruction.location)
    location = EnvironmentLocation(path="", user=user, home=stated, account=account)
    if pyenv.options.path:
        path = pyenv.options.path
    elif location.is_root:
        path = f"{_SHARED}/{pyenv.name.text}"
    else:
        home = stated or (account.home if account else None)
        if home is None and not name.isdigit():
            raise HomeUnknownError(name, environment)
        # A number without a line in /etc/passwd is a user without a home, as for the engine.
        directory = _directory(home, environment) if home else ""
        folder = _SHARED if directory in _HOMELESS else f"{directory}/.venv"
        path = f"{folder}/{pyenv.name.text}"
    return EnvironmentLocation(path=path, user=user, home=stated, account=account)


def _directory(home: str, environment: Environment) -> str:
    """Write a home as `--path` is written: absolute, without `..`, and each slash once."""
    if not home.startswith("/"):
        raise UserError(
            f"the home of the user of this stage is {home!r}, which is not absolute",
            environment.pyenv.instruction.location,
            hint="set HOME to a directory that begins with /, or give the environment a directory with --path=DIR",
        )
    return posixpath.normpath("/" + home.strip("/"))
