"""pip's own settings of a stage, read as pip reads them: configuration files, then variables.

Source of truth: `pip/_internal/configuration.py` and `cli/parser.py` of pip 26.0. Files are read in the order global,
user, `PIP_CONFIG_FILE`; a later one overrides an entry of the same section, variables override files, and `[install]`
overrides `[global]`. pip's file of the site is that of the environment, which is new and has none.
"""

from __future__ import annotations

import configparser
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Mapping

from pyenv_image.failure import StepError

__all__ = ["Configured", "read_configuration"]

SYSTEM_FILE = Path("/etc/pip.conf")
_SECTIONS = ("global", "install", ":env:")
_NOT_SETTINGS = frozenset({"version", "help"})


@dataclass(frozen=True)
class Configured:
    """A value of a setting, and where it is set."""

    value: str
    origin: str
    """A variable's name, or the path of a file."""


def read_configuration(environ: Mapping[str, str], home: str) -> dict[str, list[Configured]]:
    """Read all settings: the values of each, the one that overrides the others last.

    Args:
        environ: the variables.
        home: the home of the user who installs.

    Raises:
        StepError: a file is not a configuration of pip, or cannot be read.
    """
    entries: dict[tuple[str, str], Configured] = {}
    for path in _files(environ, home):
        for section, name, value in _entries(path):
            entries[section, name] = Configured(value, str(path))
    for key, value in environ.items():
        if key.startswith("PIP_") and key != "PIP_CONFIG_FILE" and _name(key[4:]) not in _NOT_SETTINGS:
            entries[":env:", _name(key[4:])] = Configured(value, key)
    settings: dict[str, list[Configured]] = {}
    for section in _SECTIONS:
        for (of_section, name), configured in entries.items():
            if of_section == section and configured.value:  # pip ignores empty values
                settings.setdefault(name, []).append(configured)
    return settings


def _files(environ: Mapping[str, str], home: str) -> Iterator[Path]:
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:  # pip reads no file at all
        return
    folders = environ.get("XDG_CONFIG_DIRS", "").split(":") if environ.get("XDG_CONFIG_DIRS") else ["/etc/xdg"]
    yield from (Path(folder, "pip/pip.conf") for folder in folders if folder)
    yield SYSTEM_FILE
    if not (named and Path(named).exists()):
        yield Path(home, ".pip/pip.conf")
        yield Path(environ.get("XDG_CONFIG_HOME") or Path(home, ".config"), "pip/pip.conf")
    if named:
        yield Path(named)


def _entries(path: Path) -> Iterator[tuple[str, str, str]]:
    parser = configparser.RawConfigParser()
    try:
        with path.open(encoding="utf-8") as file:
            parser.read_file(file)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return
    except OSError as error:
        raise StepError(f"{path}, a configuration file of pip, cannot be read: {error.strerror}") from None
    except (configparser.Error, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise StepError(f"{path} is not a configuration file of pip: {reason}") from None
    for section in parser.sections():
        for name, value in parser.items(section):
            yield section, _name(name), value


def _name(text: str) -> str:
    name = text.lower().replace("_", "-")
    return name[2:] if name.startswith("--") else name
