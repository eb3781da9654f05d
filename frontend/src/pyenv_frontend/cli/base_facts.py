"""Facts of base images for the command line: from options, or from a Docker engine if there is one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pyenv_frontend.cli.docker_image import EngineError, Image
from pyenv_frontend.errors import UsageError, UserError
from pyenv_frontend.expansion.astro_runtime import has_triggers
from pyenv_frontend.expansion.base_image import Base, Interpreter
from pyenv_frontend.expansion.image_limits import ImageFileError
from pyenv_frontend.expansion.inspection import accounts, inspect
from pyenv_frontend.pyenv.versions import SERIES
from pyenv_frontend.stages.scope import after_triggers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenv_frontend.cli.base_options import BaseOptions
    from pyenv_frontend.positions import Location

__all__ = ["base_facts"]

_OWNERS: Final = {"airflow": (50000, 0), "astro": (50000, 0)}
"""uid and gid of the users of Airflow's and Astronomer's images."""

_ACCOUNT: Final = re.compile(r"(?P<name>[^:]+):(?P<uid>[0-9]{1,10}):(?P<gid>[0-9]{1,10}):(?P<home>/[^:]*)")
_VERSION: Final = re.compile(r"(?P<series>3\.[0-9]+)(\.[0-9]+\S*)?")


def base_facts(
    options: BaseOptions, reference: str, platform: str | None, env: Mapping[str, str], place: Location
) -> Base:
    """Return the facts of an image.

    Args:
        options: what is said of it.
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
    if not options.enough:
        return _from_engine(options, reference, platform, env, place)
    if has_triggers(reference) and not options.onbuild:
        raise UserError(
            f"the triggers of {reference} are not known, which copy the project before a PYENV could run",
            place,
            expected=f"a Docker engine to ask, or {reference}-base, which has none",
            hint="say them with --base-onbuild INSTRUCTION, one for each, in order",
        )
    libc = options.stated_libc()
    musl = libc.kind == "musl"
    return Base(
        reference=reference,
        suite=None if musl else options.suite,
        distribution="alpine" if musl else None,
        libc=libc,
        user=options.user or "root",
        env=env,
        triggers=_triggers(reference, options.onbuild),
        interpreters=dict(map(_interpreter, options.python)),
        accounts=accounts("\n".join((*_passwd_lines(options.account), *_usual_accounts(options.user))).encode()),
    )


def _triggers(reference: str, triggers: tuple[str, ...]) -> tuple[str, ...]:
    """Return the triggers, if the expansion takes over those of this image."""
    return triggers if has_triggers(reference) else ()


def _from_engine(
    options: BaseOptions, reference: str, platform: str | None, env: Mapping[str, str], place: Location
) -> Base:
    try:
        with Image(reference, platform) as image:
            triggers = options.onbuild or image.triggers
            user, image_env = image.user, image.env
            if not has_triggers(reference):
                user, image_env = after_triggers(triggers, user, image_env)
            user = user if options.user is None else options.user
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
    stated = accounts("\n".join(_passwd_lines(options.account)).encode())
    return replace(
        base,
        triggers=_triggers(reference, triggers),
        accounts={**base.accounts, **stated},
        interpreters={**base.interpreters, **dict(map(_interpreter, options.python))},
    )


def _passwd_lines(stated: tuple[str, ...]) -> list[str]:
    """Write `--base-account` as lines of /etc/passwd."""
    lines = []
    for account in stated:
        match = _ACCOUNT.fullmatch(account)
        if not match:
            raise UsageError(f"--base-account {account}: write NAME:UID:GID:HOME")
        lines.append(f"{match['name']}:x:{match['uid']}:{match['gid']}::{match['home']}:/bin/sh")
    return lines


def _usual_accounts(user: str | None) -> list[str]:
    """Write the lines of /etc/passwd that an image with this USER usually has."""
    lines = ["root:x:0:0:root:/root:/bin/sh"]
    name = (user or "root").partition(":")[0]
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
