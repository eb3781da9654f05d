"""The options that say what a base image is; `base_facts` makes facts of them."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from pyenv_frontend.errors import UsageError
from pyenv_frontend.expansion.libc import Libc, libc_of_release

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["BaseOptions", "base_options", "libc_options"]

_GLIBC: Final = r"[0-9]{1,4}\.[0-9]{1,4}"
_OPTIONS: Final = {
    "suite": click.option("--base-suite", metavar="NAME", help="Its release: bookworm, jammy, alpine ..."),
    "libc": click.option("--base-libc", metavar="VERSION", help="Version of its glibc, or `musl`."),
    "user": click.option("--base-user", metavar="NAME", help="Its USER.  [default home: /home/NAME]"),
    "account": click.option(
        "--base-account", multiple=True, metavar="NAME:UID:GID:HOME", help="A user in its /etc/passwd."
    ),
    "python": click.option(
        "--base-python", multiple=True, metavar="X.Y[.Z]", help="A Python it has in /usr/local/bin."
    ),
    "onbuild": click.option(
        "--base-onbuild", multiple=True, metavar="INSTRUCTION", help="A trigger of an Astro Runtime."
    ),
}
"""The options, by their fields of `BaseOptions`."""


def base_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe the base image. The command gets them as `base`, a `BaseOptions`."""
    return _with_options(command, tuple(_OPTIONS))


def libc_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what C library the base image has, in the same way."""
    return _with_options(command, ("suite", "libc"))


def _with_options(command: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    @functools.wraps(command)
    def with_base_options(*arguments: Any, **options: Any) -> Any:
        values = {name: options.pop(f"base_{name}") for name in names}
        return command(*arguments, base=BaseOptions(**values), **options)

    for name in reversed(names):
        with_base_options = _OPTIONS[name](with_base_options)
    return with_base_options


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseOptions:
    """The values of the options `--base-*`; a field is named after its option."""

    suite: str | None = None
    libc: str | None = None
    user: str | None = None
    """None: not set, which without an engine means root."""

    account: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    onbuild: tuple[str, ...] = ()

    @property
    def libc_arguments(self) -> list[str]:
        """The arguments that say what C library the base image has."""
        values = {"suite": self.suite, "libc": self.libc}
        return [f"--base-{option}={value}" for option, value in values.items() if value is not None]

    @property
    def enough(self) -> bool:
        """Whether the options suffice without an engine."""
        return self.suite is not None or self.libc is not None

    def stated_libc(self) -> Libc:
        """Return the C library of `--base-libc`, or else that of the release."""
        if self.libc == "musl" or (self.libc is None and self.suite == "alpine"):
            return Libc(kind="musl", version=(0, 0))
        if self.libc is None:
            known = libc_of_release(self.suite or "")
            if known is None:
                message = f"--base-suite {self.suite} is not known here: say --base-libc VERSION as well, or `musl`"
                raise UsageError(message)
            return known
        if self.suite == "alpine":
            raise UsageError(f"--base-libc {self.libc}: with --base-suite alpine it is `musl`")
        if not re.fullmatch(_GLIBC, self.libc):
            raise UsageError(f"--base-libc {self.libc}: write a version such as 2.36, or `musl`")
        major, minor = self.libc.split(".")
        return Libc(kind="glibc", version=(int(major), int(minor)))
