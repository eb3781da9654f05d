"""Facts of base images for the command line: from options, or from a Docker engine if one answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

import click

from pyenv_frontend.cli.common import pairs
from pyenv_frontend.cli.docker_image import EngineError, Image
from pyenv_frontend.errors import UsageError, UserError
from pyenv_frontend.expansion.astro_runtime import has_triggers
from pyenv_frontend.expansion.base_image import Base, inspect
from pyenv_frontend.pyenv.versions import SERIES
from pyenv_frontend.stages.scope import after_triggers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyenv_frontend.expansion.base_image import Files
    from pyenv_frontend.positions import Location

__all__ = ["BaseOptions", "base_options"]

_OWNERS: Final = {"airflow": (50000, 0), "astro": (50000, 0)}
"""uid and gid of the users of Airflow's and Astronomer's images."""

_LIBC: Final = re.compile(r"musl|[0-9]+\.[0-9]+")
_ACCOUNT: Final = re.compile(r"(?P<name>[^:]+):(?P<uid>[0-9]+):(?P<gid>[0-9]+):(?P<home>/[^:]*)")
_VERSION: Final = re.compile(r"(?P<series>3\.[0-9]+)(\.[0-9]+\S*)?")


def base_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what the base image is."""
    for option in (
        click.option("--base-onbuild", multiple=True, metavar="INSTRUCTION", help="A trigger of an Astro Runtime."),
        click.option("--base-python", multiple=True, metavar="X.Y[.Z]", help="A Python it has in /usr/local/bin."),
        click.option("--base-account", multiple=True, metavar="NAME:UID:GID:HOME", help="A user in its /etc/passwd."),
        click.option("--base-user", metavar="NAME", help="Its USER.  [default home: /home/NAME]"),
        click.option("--base-libc", metavar="VERSION", help="Version of its glibc, or `musl`."),
        click.option("--base-suite", metavar="NAME", help="Its release: bookworm, jammy, alpine ..."),
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseOptions:
    """What the options say; the fields are named after them."""

    suite: str | None = None
    libc: str | None = None
    user: str | None = None
    """None: not said, which for an image without an engine to ask is root."""

    account: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    onbuild: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> BaseOptions:
        """Pick them out of everything that a command was given."""
        return cls(
            suite=options["base_suite"],
            libc=options["base_libc"],
            user=options["base_user"],
            account=options["base_account"],
            python=options["base_python"],
            onbuild=options["base_onbuild"],
            env=pairs(options["base_env"], "--base-env"),
        )

    @property
    def enough(self) -> bool:
        """Whether no engine need be asked."""
        return self.suite is not None or self.libc is not None

    def base(self, reference: str, platform: str | None, place: Location) -> Base:
        """The facts of an image.

        Args:
            reference: the image as FROM names it.
            platform: its `--platform`, or None.
            place: what an error points at.

        Raises:
            UserError: the options say nothing, and no engine knows the image.
            UsageError: the options are wrong.
        """
        if reference == "scratch":
            return Base(reference=reference)
        if not self.enough:
            return self._asked(reference, platform, place)
        if has_triggers(reference) and not self.onbuild:
            raise UserError(
                f"the triggers of {reference} are not known, which copy the project before a PYENV could run",
                place,
                expected=f"a Docker engine to ask, or {reference}-base, which has none",
                hint="say them with --base-onbuild INSTRUCTION, one for each, in order",
            )
        files = _Said(self._files())
        user = self.user or ""
        found = inspect(reference, files, user=user, env=self.env, series=frozenset(SERIES))
        if found.libc is None:
            raise UsageError(f"--base-suite {self.suite} is not known here: say --base-libc VERSION as well, or `musl`")
        return self._triggered(found, self.onbuild)

    @staticmethod
    def _triggered(base: Base, triggers: tuple[str, ...]) -> Base:
        """The same with its triggers, if it is an image whose work we take over."""
        return replace(base, triggers=triggers) if has_triggers(base.reference) else base

    def _asked(self, reference: str, platform: str | None, place: Location) -> Base:
        try:
            with Image(reference, platform) as image:
                triggers = self.onbuild or image.triggers
                user, env = image.user, image.env
                if not has_triggers(reference):
                    user, env = after_triggers(triggers, user, env)
                files = _Said({"etc/passwd": "\n".join(self._accounts()).encode()}, image)
                user = user if self.user is None else self.user
                found = inspect(reference, files, user=user, env={**env, **self.env}, series=frozenset(SERIES))
                return self._triggered(found, triggers)
        except EngineError as error:
            raise UserError(
                f"nothing is known of the base image {reference}",
                place,
                expected=f"a Docker engine to ask ({error}), or options that say what the image is",
                hint="for an Airflow image, say --base-suite bookworm --base-user airflow --base-python 3.12",
            ) from error

    def _files(self) -> dict[str, bytes]:
        """The files that an image of this kind has, as far as `inspect` looks for them."""
        musl = self.suite == "alpine" or self.libc == "musl"
        kind = "ID=alpine" if musl else f"VERSION_CODENAME={self.suite or ''}"
        files = {"etc/os-release": kind.encode(), "etc/passwd": "\n".join(self._passwd()).encode()}
        if musl:
            files["lib/ld-musl-x86_64.so.1"] = b""
        elif self.libc is not None:
            if not _LIBC.fullmatch(self.libc):
                raise UsageError(f"--base-libc {self.libc}: write a version such as 2.36, or `musl`")
            files["lib64/libc.so.6"] = f"GNU C Library stable release version {self.libc}".encode()
        for version in self.python:
            found = _VERSION.fullmatch(version)
            if not found:
                raise UsageError(f"--base-python {version}: write a version such as 3.12 or 3.12.4")
            series = found["series"]
            files[f"usr/local/bin/python{series}"] = b""
            if version != series:
                files[f"usr/local/include/python{series}/patchlevel.h"] = f'#define PY_VERSION "{version}"'.encode()
        return files

    def _passwd(self) -> list[str]:
        """All of an image's /etc/passwd that matters, where nobody can be asked."""
        lines = [*self._accounts(), "root:x:0:0:root:/root:/bin/sh"]
        name = (self.user or "root").partition(":")[0]
        if name != "root" and not name.isdigit():
            uid, gid = _OWNERS.get(name, (1000, 1000))  # the first user that Debian's and Ubuntu's tools make
            lines.append(f"{name}:x:{uid}:{gid}::/home/{name}:/bin/sh")
        return lines

    def _accounts(self) -> list[str]:
        """Lines of /etc/passwd for --base-account."""
        lines = []
        for account in self.account:
            found = _ACCOUNT.fullmatch(account)
            if not found:
                raise UsageError(f"--base-account {account}: write NAME:UID:GID:HOME")
            lines.append(f"{found['name']}:x:{found['uid']}:{found['gid']}::{found['home']}:/bin/sh")
        return lines


@dataclass(frozen=True, slots=True)
class _Said:
    """The file system of an image of which a few files are said, before those that it has if it can be asked."""

    files: Mapping[str, bytes]
    image: Files | None = None

    def read(self, path: str) -> bytes | None:
        found = self.image.read(path) if self.image else None
        if path in self.files:
            return b"\n".join((self.files[path], found or b""))
        return found

    def names(self, folder: str, pattern: str) -> list[str]:
        inside = [path.removeprefix(f"{folder}/") for path in self.files if path.startswith(f"{folder}/")]
        found = self.image.names(folder, pattern) if self.image else []
        return sorted({*found, *(name for name in inside if fnmatchcase(name, pattern))})
