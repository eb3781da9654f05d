"""Facts of base images for the command line: from options, or from a Docker engine if there is one."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import click

from pyenv_frontend.errors import UsageError, UserError
from pyenv_frontend.expansion.astro_runtime import has_triggers
from pyenv_frontend.expansion.base_image import Base, Interpreter, Libc, libc_of_release
from pyenv_frontend.expansion.image_limits import ImageFileError
from pyenv_frontend.expansion.inspection import accounts, inspect
from pyenv_frontend.pyenv.versions import SERIES
from pyenv_frontend.stages.scope import after_triggers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyenv_frontend.positions import Location

__all__ = ["BaseOptions", "base_options", "libc_options"]

_OWNERS: Final = {"airflow": (50000, 0), "astro": (50000, 0)}
"""uid and gid of the users of Airflow's and Astronomer's images."""

_GLIBC: Final = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}")
_ACCOUNT: Final = re.compile(r"(?P<name>[^:]+):(?P<uid>[0-9]{1,10}):(?P<gid>[0-9]{1,10}):(?P<home>/[^:]*)")
_VERSION: Final = re.compile(r"(?P<series>3\.[0-9]+)(\.[0-9]+\S*)?")


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

    def base(self, reference: str, platform: str | None, env: Mapping[str, str], place: Location) -> Base:
        """Return the facts of an image.

        Args:
            reference: the image as FROM names it.
            platform: its `--platform`, or None.
            env: the variables of `--base-env`.
            place: what an error points at.

        Raises:
            UserError: the options do not suffice, and no engine knows the image.
            UsageError: the options are wrong.
        """
        if reference == "scratch":
            return Base(reference=reference)
        if not self.enough:
            return self._from_engine(reference, platform, env, place)
        if has_triggers(reference) and not self.onbuild:
            raise UserError(
                f"the triggers of {reference} are not known, which copy the project before a PYENV could run",
                place,
                expected=f"a Docker engine to ask, or {reference}-base, which has none",
                hint="say them with --base-onbuild INSTRUCTION, one for each, in order",
            )
        libc = self._stated_libc()
        musl = libc.kind == "musl"
        return Base(
            reference=reference,
            suite=None if musl else self.suite,
            distribution="alpine" if musl else None,
            libc=libc,
            user=self.user or "root",
            env=env,
            triggers=self._triggers(reference, self.onbuild),
            interpreters=dict(map(_interpreter, self.python)),
            accounts=accounts("\n".join((*self._passwd_lines(), *self._usual_accounts())).encode()),
        )

    def libc_of(self, reference: str, platform: str | None, env: Mapping[str, str], place: Location) -> Libc | None:
        """Return the C library of an image, which options or an engine say; None if it has none that is known.

        Args and errors are those of `base`; the triggers of an image do not matter.
        """
        if self.enough and reference != "scratch":
            return self._stated_libc()
        return self.base(reference, platform, env, place).libc

    def _stated_libc(self) -> Libc:
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
        if not _GLIBC.fullmatch(self.libc):
            raise UsageError(f"--base-libc {self.libc}: write a version such as 2.36, or `musl`")
        major, minor = self.libc.split(".")
        return Libc(kind="glibc", version=(int(major), int(minor)))

    @staticmethod
    def _triggers(reference: str, triggers: tuple[str, ...]) -> tuple[str, ...]:
        """Return the triggers, if the expansion takes over those of this image."""
        return triggers if has_triggers(reference) else ()

    def _from_engine(self, reference: str, platform: str | None, env: Mapping[str, str], place: Location) -> Base:
        from pyenv_frontend.cli.docker_image import EngineError, Image  # noqa: PLC0415 - a check of locks asks no engine

        try:
            with Image(reference, platform) as image:
                triggers = self.onbuild or image.triggers
                user, image_env = image.user, image.env
                if not has_triggers(reference):
                    user, image_env = after_triggers(triggers, user, image_env)
                user = user if self.user is None else self.user
                base = inspect(reference, image, user=user, env={**image_env, **env}, series=frozenset(SERIES))
                base = replace(base, architecture=image.architecture, layers=image.layers)
        except EngineError as error:
            raise UserError(
                f"nothing is known of the base image {reference}",
                place,
                expected=f"a Docker engine to ask ({error}), or options that say what the image is",
                hint="for an Airflow image, say --base-suite bookworm --base-user airflow --base-python 3.12",
            ) from error
        except ImageFileError as error:
            hint = "use another base image, or say what it is with the options --base-*"
            raise UserError(str(error), place, hint=hint) from error
        stated = accounts("\n".join(self._passwd_lines()).encode())
        return replace(
            base,
            triggers=self._triggers(reference, triggers),
            accounts={**base.accounts, **stated},
            interpreters={**base.interpreters, **dict(map(_interpreter, self.python))},
        )

    def _passwd_lines(self) -> list[str]:
        """Write `--base-account` as lines of /etc/passwd."""
        lines = []
        for account in self.account:
            match = _ACCOUNT.fullmatch(account)
            if not match:
                raise UsageError(f"--base-account {account}: write NAME:UID:GID:HOME")
            lines.append(f"{match['name']}:x:{match['uid']}:{match['gid']}::{match['home']}:/bin/sh")
        return lines

    def _usual_accounts(self) -> list[str]:
        """Write the lines of /etc/passwd that an image with this USER usually has."""
        lines = ["root:x:0:0:root:/root:/bin/sh"]
        name = (self.user or "root").partition(":")[0]
        if name != "root" and not name.isdigit():
            uid, gid = _OWNERS.get(name, (1000, 1000))  # the first user that Debian's and Ubuntu's tools create
            lines.append(f"{name}:x:{uid}:{gid}::/home/{name}:/bin/sh")
        return lines


def _interpreter(version: str) -> tuple[str, Interpreter]:
    match = _VERSION.fullmatch(version)
    if not match:
        raise UsageError(f"--base-python {version}: write a version such as 3.12 or 3.12.4")
    series = match["series"]
    exact = None if version == series else version
    return series, Interpreter(path=f"/usr/local/bin/python{series}", version=exact)
