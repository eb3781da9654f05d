"""The settings of uv and pip that an environment is resolved with: one's own, and what its stage sets by ENV.

They become what they become in the step of a build. Of a stage count the variables that say which index and which
versions: paths in it mean files of the image, which is not at hand.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pyenv_frontend.errors import UserError
from pyenv_frontend.lock.inputs import CONSTRAINT_VARIABLES, VERSION_VARIABLES
from pyenv_frontend.positions import Location
from pyenv_image.settings import settings_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_image.settings import InstallerSettings

__all__ = ["INDEXES", "check_indexes", "files_of_the_image", "resolver_settings"]

INDEXES: Final = (
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
)
"""The variables that name indexes. Who sets one has chosen, and those of the stage do not count."""

_OF_THIS_MACHINE: Final = ("UV_CACHE_DIR", "UV_LINK_MODE", "UV_NO_CACHE", "UV_PYTHON", "PIP_CACHE_DIR")
_CONFIGURATION: Final = {"pip.conf": "PIP_CONFIG_FILE", "uv.toml": "UV_CONFIG_FILE"}
"""Configuration files that may name indexes, and the variables that name such a file."""

_NOT_FOR_LOCKS: Final = "--require-hashes"
"""A lock gets the hashes."""


def check_indexes(pyenv: Pyenv) -> None:
    """Refuse to lock what builds take from an index that a secret names, if nothing on this machine names one.

    The packages would be others: those of the public index that have the same names.

    Raises:
        UserError: there is such a secret.
        StepError: a configuration file cannot be read, or a value has no meaning.
    """
    spans = [span for name, span in pyenv.options.spans if name == "mount"]
    for mount, span in zip(pyenv.options.mounts, spans, strict=True):
        variable, file = mount.get("env"), (mount.target or "").rpartition("/")[2]
        if variable in INDEXES:
            what, remedy = variable, f'{variable}="$(cat FILE)"'
        elif file in _CONFIGURATION:
            what, remedy = file, f"{_CONFIGURATION[file]}=FILE"
        else:
            continue
        if mount.type == "secret" and not _names_index():
            raise UserError(
                f"builds take {what} from the secret {mount.id}, and nothing here names an index: {pyenv.name.text} "
                "would be locked with packages of the public one",
                Location(pyenv.instruction.file, span),
                hint=f"say it here, too: {remedy} pyenv-frontend lock {pyenv.name.text}",
            )


def _names_index() -> bool:
    """Return whether the user's own settings name an index."""
    settings = settings_for("uv", os.environ, str(Path.home()), str(Path.cwd()))
    return settings.uv_has_indexes or any(settings.environ.get(name) for name in INDEXES)


def files_of_the_image(stage: Mapping[str, str]) -> list[str]:
    """Return the variables of a stage that decide on versions by a file of the image, which is not read.

    Args:
        stage: the variables that the Dockerfile sets at the PYENV.
    """
    return [
        name
        for name in CONSTRAINT_VARIABLES
        if stage.get(name) and not (os.environ.get(name) or _is_address(stage[name]))
    ]


def _is_address(value: str) -> bool:
    """Return whether a variable names addresses alone."""
    return all("://" in word and not word.startswith("file:") for word in value.split())


def resolver_settings(installer: str, stage: Mapping[str, str]) -> InstallerSettings:
    """Return the settings for a resolver.

    Args:
        installer: `uv` or `pip`.
        stage: the variables that the Dockerfile sets at the PYENV.

    Raises:
        StepError: a configuration file cannot be read, or a value has no meaning.
    """
    names = VERSION_VARIABLES if any(os.environ.get(name) for name in INDEXES) else (*VERSION_VARIABLES, *INDEXES)
    addresses = {name: stage[name] for name in CONSTRAINT_VARIABLES if name in stage and _is_address(stage[name])}
    environ = {**{name: stage[name] for name in names if name in stage}, **addresses, **os.environ}
    settings = settings_for(installer, environ, str(Path.home()), str(Path.cwd()))
    settings.environ.update({name: environ[name] for name in _OF_THIS_MACHINE if name in environ})
    settings.environ["PIP_NO_INPUT"] = "1"
    settings.arguments = [argument for argument in settings.arguments if argument != _NOT_FOR_LOCKS]
    return settings
