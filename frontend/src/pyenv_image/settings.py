"""The settings for an installer: those of the stage that are about packages, in the installer's own form.

An image may set `PIP_USER`, `PYTHONPATH`, `UV_SYSTEM_PYTHON` or a target folder for its own Python; none of these may
change an environment. The table in `installer_settings` defines the effect of each setting of pip and uv.
"""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Mapping, Sequence

from pyenv_image.failure import StepError
from pyenv_image.installer_settings import (
    INVERTED,
    PACKAGES,
    SWITCH,
    UV_SETTINGS,
    VALUES,
    PipSetting,
    pip_setting,
)
from pyenv_image.pip_configuration import read_configuration
from pyenv_image.variables import VARIABLE_PREFIX

if TYPE_CHECKING:
    from pyenv_image.pip_configuration import Configured

__all__ = ["InstallerSettings", "file_option", "settings_for"]

_STEERS_PYTHON = ("PYTHON", "PIP_", "UV_", "VIRTUAL_ENV", "CONDA_", VARIABLE_PREFIX)
_CERTIFICATES_OF_PIP = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_CERTIFICATES_OF_UV = ("SSL_CERT_FILE", "SSL_CERT_DIR", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS")
_CERTIFICATES = frozenset({*_CERTIFICATES_OF_PIP, "SSL_CERT_FILE", "SSL_CERT_DIR", "SSL_CLIENT_CERT"})
"""The variables that are left out if they are empty, as `ENV NAME=$NAME` makes them; uv would find no certificates."""

_CREDENTIALS = re.compile(r"UV_INDEX_[A-Z0-9_]+_(USERNAME|PASSWORD)")
_INDEXES = re.compile(r"^\s*(\[\[(pip\.)?index\]\]|index\s*=|(extra-)?index-url\s*=)", re.MULTILINE)
_TRUE, _FALSE = frozenset({"y", "yes", "t", "true", "on", "1"}), frozenset({"n", "no", "f", "false", "off", "0"})
_ALL, _NONE = ":all:", ":none:"
_SYNC_OPTIONS = {"--no-binary": "--no-binary-package", "--only-binary": "--no-build-package"}
_SYNC_SWITCHES = {"--no-binary": "--no-binary", "--only-binary": "--no-build"}
_NOT_FOR_SYNC = ("--constraints", "--build-constraints", "--no-deps", "--require-hashes", "--no-sources-package")
_NOT_FOR_LOCKS = ("--constraints", "--overrides")
_VARIABLES_NOT_FOR_LOCKS = ("UV_CONSTRAINT", "UV_OVERRIDE")
_NOT_FOR_WHEELS = ("--build-constraints", "--find-links")
_VARIABLES_NOT_FOR_WHEELS = ("UV_BUILD_CONSTRAINT", "UV_EXCLUDE", "UV_FIND_LINKS")
_PER_REQUIREMENT = frozenset({"global-option", "install-option", "build-option"})
"""Options of a requirement that pip had and uv lacks."""

_LETTERS = {"U": "upgrade", "t": "target", "v": "verbose", "q": "quiet"}
"""Options of pip that people write by their letter."""

_NAME_FILES = (
    *("UV_FIND_LINKS", "UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE", "UV_CONFIG_FILE"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "SSL_CLIENT_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
_FOR_VENV = ("--no-index", "--find-links")


@dataclass
class InstallerSettings:
    """The variables and options for an installer."""

    environ: dict[str, str]
    arguments: list[str] = field(default_factory=list)
    """Options of `uv pip install`; values of an option are joined to it by `=`."""

    uv_has_indexes: bool = False
    """Whether a configuration file of uv names indexes."""

    notes: list[str] = field(default_factory=list)
    """Sentences about settings that have no effect, for the build's log."""

    missing: list[str] = field(default_factory=list)
    """Sentences about files and folders that settings name and that are not there; not every install needs them."""

    @property
    def sync_arguments(self) -> list[str]:
        """The same as options of `uv sync`."""
        arguments = []
        for argument in self.arguments:
            option, _, value = argument.partition("=")
            if option in _SYNC_OPTIONS:
                arguments.append(_SYNC_SWITCHES[option] if value == _ALL else f"{_SYNC_OPTIONS[option]}={value}")
            elif option not in _NOT_FOR_SYNC:
                arguments.append(argument)
        return arguments

    def for_lock(self, *, only_wheels: bool = False) -> InstallerSettings:
        """Return the settings without those that choose versions: the lock has chosen them, and uv refuses both.

        Args:
            only_wheels: whether the lock has nothing but addresses of wheels. More is left out then that has no effect,
                since uv fails if a file that a setting names is missing.
        """
        variables = (*_VARIABLES_NOT_FOR_LOCKS, *(_VARIABLES_NOT_FOR_WHEELS if only_wheels else ()))
        options = (*_NOT_FOR_LOCKS, *(_NOT_FOR_WHEELS if only_wheels else ()))
        environ = {key: value for key, value in self.environ.items() if key not in variables}
        # uv warns of each lock that the format is new to it.
        features = environ.get("UV_PREVIEW_FEATURES")
        environ["UV_PREVIEW_FEATURES"] = f"{features},pylock" if features else "pylock"
        arguments = [argument for argument in self.arguments if argument.partition("=")[0] not in options]
        return replace(self, environ=environ, arguments=arguments)

    @property
    def venv_arguments(self) -> list[str]:
        """The same as options of `uv venv`, as far as they are about indexes."""
        return [argument for argument in self.arguments if argument.partition("=")[0] in _FOR_VENV]


def settings_for(installer: str, environ: Mapping[str, str], home: str, folder: str) -> InstallerSettings:
    """Gather the settings for an installer.

    Args:
        installer: `uv` or `pip`.
        environ: the stage's variables.
        home: the home of the user who installs.
        folder: the stage's WORKDIR, which relative paths in settings are relative to.

    Raises:
        StepError: a configuration file cannot be read, or a value has no meaning.
    """
    neutral = {
        key: value
        for key, value in environ.items()
        if not key.startswith(_STEERS_PYTHON) and (value or key not in _CERTIFICATES)
    }
    settings = InstallerSettings(neutral)
    _add_settings_of_uv(settings, installer, environ)
    for name in _NAME_FILES:
        if name in environ and (installer == "uv" or not name.startswith("UV_")):
            _note_missing(settings, name, [environ[name]] if Path(environ[name]).exists() else _words(environ[name]))
    settings.uv_has_indexes = any(_INDEXES.search(_text(path)) for path in _configuration_files_of_uv(environ, home))
    configuration = read_configuration(environ, home)
    for name, configured in configuration.items():
        setting = pip_setting(name)
        if setting is None:
            settings.notes.append(f"{configured[-1].origin} sets {name}, which is not a setting of pip")
        elif not setting.meaningless:
            values = _values(setting, configured, folder)
            if setting.path and not (installer == "uv" and any(environ.get(name) for name in setting.before)):
                origin = configured[-1].origin
                _note_missing(settings, origin if origin.startswith("PIP_") else f"{name} of {origin}", values)
            if installer == "pip":
                _add_for_pip(settings, setting, values)
            else:
                _add_for_uv(settings, setting, values, configured[-1].origin, environ)
    if installer == "uv":
        _add_certificates(settings)
    if installer == "pip":
        settings.environ["PIP_CONFIG_FILE"] = os.devnull  # its content is in variables now
    return settings


def file_option(name: str, value: str, installer: str, *, constraint: bool = False) -> list[str] | None:
    """Translate an option of a requirements file.

    Args:
        name: the option's name without dashes.
        value: its value, maybe empty.
        installer: `uv` or `pip`.
        constraint: whether it is in a constraints file, where uv reads options about indexes only.

    Returns:
        Arguments for the installer in place of the option; None if the installer reads it in the file itself.

    Raises:
        StepError: uv has no such option; the message begins with the option.
    """
    name = _LETTERS.get(name, name)
    setting = pip_setting(name)
    if name in _PER_REQUIREMENT or name == "hash":
        if installer == "pip" or name == "hash":
            return None
        raise StepError(f"--{name} has no effect with uv: write --config-settings, or --installer=pip")
    if setting is None and installer == "pip":
        return None  # a newer pip may have it
    if setting is None or not setting.in_files:
        raise _not_for_files(name, setting)
    if installer == "pip" or (setting.uv_reads_files and not (constraint and setting.kind == PACKAGES)):
        return None
    if setting.uv_error:
        raise StepError(f"--{name} has no effect with uv: {setting.uv_error}")
    translated = InstallerSettings({})
    words = _words(value) if setting.kind == PACKAGES else [value or "1"]
    _add_for_uv(translated, setting, words, f"--{name}", {})
    written = {
        "UV_PRERELEASE": "--prerelease={}",
        "UV_INSECURE_HOST": "--allow-insecure-host={}",
        "UV_SYSTEM_CERTS": "--system-certs",
    }
    return [*translated.arguments, *(written[key].format(text) for key, text in translated.environ.items())]


def _not_for_files(name: str, setting: PipSetting | None) -> StepError:
    if not name:
        return StepError(
            "dashes alone are not an option of requirements files: write one requirement a line, as pip freeze does, "
            "without the marks of a list or a table"
        )
    if setting is None:
        return StepError(f"--{name} is not an option of requirements files")
    advice = f"leave it out, {setting.meaningless}"
    if not setting.meaningless:
        value = "1" if setting.kind in {SWITCH, INVERTED} else "..."
        advice = f"write ARG PIP_{setting.name.upper().replace('-', '_')}={value} above the PYENV"
    return StepError(f"--{name} is not an option of requirements files: {advice}")


def _configuration_files_of_uv(environ: Mapping[str, str], home: str) -> list[Path]:
    if environ.get("UV_CONFIG_FILE"):
        return [Path(environ["UV_CONFIG_FILE"])]
    folders = [environ.get("XDG_CONFIG_HOME") or f"{home}/.config", *environ.get("XDG_CONFIG_DIRS", "").split(":")]
    return [*(Path(folder, "uv/uv.toml") for folder in folders if folder), Path("/etc/uv/uv.toml")]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _add_settings_of_uv(settings: InstallerSettings, installer: str, environ: Mapping[str, str]) -> None:
    known = {setting.name: setting for setting in UV_SETTINGS}
    for key, value in environ.items():
        if not key.startswith("UV_") or not value:
            continue
        setting = known.get(key)
        if setting is None and not _CREDENTIALS.fullmatch(key):
            settings.notes.append(f"{key} has no effect: this frontend does not know it")
        elif setting is None or not setting.meaningless:
            # Dependencies of a pyproject.toml are installed by uv in any case.
            settings.environ[key] = value
            if setting and setting.about_packages and installer == "pip":
                settings.notes.append(f"{key} is a setting of uv, which --installer=pip does not read")
            elif setting and setting.arguments and value.lower() not in _FALSE:
                words = value.split()
                templates = setting.arguments
                settings.arguments += [
                    text.format(word) for text in templates for word in words[: None if "{}" in text else 1]
                ]


def _words(value: str) -> list[str]:
    return value.replace(",", " ").split()


def _is_address(path: str) -> bool:
    return "://" in path or path.startswith("file:")


def _note_missing(settings: InstallerSettings, origin: str, paths: Sequence[str]) -> None:
    """Note files and folders that are not there, but for addresses."""
    for path in paths:
        if not _is_address(path) and not os.path.exists(path):  # noqa: PTH110 - as above
            settings.missing.append(f"{origin} names {path}, which is not in this stage")


def _add_certificates(settings: InstallerSettings) -> None:
    """Translate the variables for certificates that pip's HTTP library reads, which uv does not."""
    if not any(name in settings.environ for name in _CERTIFICATES_OF_UV):
        bundle = next((settings.environ[name] for name in _CERTIFICATES_OF_PIP if name in settings.environ), "")
        if bundle:
            settings.environ["SSL_CERT_DIR" if Path(bundle).is_dir() else "SSL_CERT_FILE"] = bundle


def _values(setting: PipSetting, configured: Sequence[Configured], folder: str) -> list[str]:
    """Return the values of a setting as pip reads them: lists are split, and those of packages are joined."""
    if setting.kind == PACKAGES:
        return [word for entry in configured for word in _words(entry.value)]
    value = configured[-1].value
    values = value.split() if setting.kind == VALUES else [value]
    return [_absolute(text, folder) for text in values] if setting.path else values


def _absolute(path: str, folder: str) -> str:
    if _is_address(path):
        return path
    return str(Path(folder, os.path.expanduser(path)))  # noqa: PTH111 - as pip does it, also for users that do not exist


def _add_for_pip(settings: InstallerSettings, setting: PipSetting, values: Sequence[str]) -> None:
    joined = (",".join if setting.kind == PACKAGES else " ".join)(values)
    settings.environ["PIP_" + setting.name.upper().replace("-", "_")] = joined


def _add_for_uv(
    settings: InstallerSettings, setting: PipSetting, values: Sequence[str], origin: str, environ: Mapping[str, str]
) -> None:
    if setting.kind in {SWITCH, INVERTED}:
        if _is_on(setting, values[0], origin) is (setting.kind == INVERTED):
            return
    elif setting.name == "keyring-provider" and values[0] not in {"subprocess", "disabled"}:
        if values[0] == "import":
            settings.notes.append(f"{origin}: uv starts the program keyring and does not import it; write subprocess")
        return
    elif setting.name == "use-feature" and "truststore" in values:
        settings.environ.setdefault("UV_SYSTEM_CERTS", "1")
    if setting.uv_error:
        settings.notes.append(f"{setting.name} of {origin} has no effect: {setting.uv_error}")
    if any(environ.get(name) for name in setting.before):
        return
    if setting.name in {"index-url", "extra-index-url"} and settings.uv_has_indexes:
        return  # uv's own configuration takes precedence
    for target in setting.uv:
        _translate(settings, setting, target, values, origin)


def _translate(
    settings: InstallerSettings, setting: PipSetting, target: str, values: Sequence[str], origin: str
) -> None:
    if not target.startswith("--"):
        name, equals, fixed = target.partition("=")
        if name in settings.environ and name == "UV_INDEX_STRATEGY":  # a variable of the user's
            return
        text = fixed if equals else " ".join(values)
        settings.environ[name] = _whole_seconds(text, origin) if name == "UV_HTTP_TIMEOUT" else text
    elif setting.kind == PACKAGES:
        for value in values:
            if target.startswith("--prerelease-package") and value in {_ALL, _NONE}:
                mode = target.rpartition("=")[2] if value == _ALL else "if-necessary"
                settings.environ["UV_PRERELEASE"] = mode
            else:
                settings.arguments.append(target.format(value))
    elif setting.kind == SWITCH:
        settings.arguments.append(target)
    else:
        settings.arguments += [f"{target}={value}" for value in values]


def _is_on(setting: PipSetting, value: str, origin: str) -> bool:
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise StepError(f"{setting.name} of {origin} is on or off, not {value!r}")


def _whole_seconds(text: str, origin: str) -> str:
    """Round a time limit up: pip takes fractions of a second, uv does not."""
    try:
        return str(max(math.ceil(float(text)), 1))
    except (ValueError, OverflowError):
        raise StepError(f"timeout of {origin} is a number of seconds, not {text!r}") from None
