"""The options of PYENV, in one table: the parser, the errors and the reference are made from it."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from pyenv_frontend.errors import nearest
from pyenv_frontend.pyenv.context_path import context_path
from pyenv_frontend.pyenv.instruction import Options
from pyenv_frontend.pyenv.invalid_value import InvalidValue, any_of
from pyenv_frontend.pyenv.mount import Mount, parse_mount
from pyenv_frontend.pyenv.places import GRAFTS
from pyenv_image.local_paths import is_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pyenv_frontend.positions import Span

__all__ = ["OPTIONS", "OptionSpec", "OptionValue", "build_options", "find_option", "read_value", "step_values"]

Kind = Literal["switch", "choice", "file", "reference", "mount", "directory", "label", "lock"]

OptionValue = str | bool | Mount

_LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")


@dataclass(frozen=True, slots=True)
class OptionSpec:
    """One row of the table."""

    name: str
    """Without the dashes."""

    field: str
    """The field of `Options` that it fills."""

    kind: Kind
    """What its value is; a `switch` needs none."""

    doc: str
    """One sentence or two for the reference."""

    value: str = ""
    """The name of the value in the reference: `FILE`; empty for a switch."""

    choices: tuple[str, ...] = ()
    """All values of a `choice`."""

    default: str = ""
    """The default, in words for the reference."""

    repeatable: bool = False
    """Whether it may be written several times."""

    expands: bool = True
    """Whether variables in its value are expanded here; those of a mount are expanded by RUN."""

    negates: bool = False
    """Whether the switch sets its field to False."""

    step: str = ""
    """The field of the install step's `EnvironmentOptions` that gets the value; empty if the step does not need it."""

    resolves: bool = False
    """Whether the versions that are chosen depend on it, so that another value makes a lock stale."""

    locally: str = ""
    """What applies instead if `pyenv-frontend local` ignores the option; otherwise empty."""

    @property
    def usage(self) -> str:
        """How it is written: `--constraint=FILE`."""
        return f"--{self.name}={self.value}" if self.value else f"--{self.name}"


OPTIONS: Final = (
    OptionSpec(
        name="installer",
        field="installer",
        kind="choice",
        value="uv|pip",
        choices=("uv", "pip"),
        default="uv",
        doc="The program that installs the requirements. uv leaves nothing of itself in the image; with pip, the "
        "environment has pip as well: the newest of the configured indexes, or the one that comes with its Python.",
        step="installer",
    ),
    OptionSpec(
        name="constraint",
        field="constraints",
        kind="file",
        value="FILE",
        repeatable=True,
        default="none",
        doc="A constraints file of the build context, as with `pip install -c`.",
        step="constraints",
        resolves=True,
    ),
    OptionSpec(
        name="system-site-packages",
        field="system_site_packages",
        kind="switch",
        default="off",
        doc="The environment also sees the packages installed beside its interpreter.",
        step="system_site_packages",
    ),
    OptionSpec(
        name="from",
        field="from_",
        kind="reference",
        value="IMAGE|STAGE",
        default="`python:<version>-slim-<suite>`, the suite by the base image's libc",
        doc="Where the interpreter is taken from: an image, or a stage that stands before this one. It is the one in "
        "`/usr/local`, or the one of a PYENV of that stage.",
        locally="an interpreter of this machine is used",
    ),
    OptionSpec(
        name="builder",
        field="builder",
        kind="reference",
        value="STAGE",
        default="this stage",
        doc="The stage in which the requirements are installed, for instance one that has compilers; "
        "only the environment is copied from it. Its ENV holds there, and on top the ARG and ENV of this stage.",
        locally="the compilers of this machine are used",
    ),
    OptionSpec(
        name="mount",
        field="mounts",
        kind="mount",
        value="type=...",
        repeatable=True,
        expands=False,
        default="none",
        doc="A mount for the install step, written as for `RUN --mount`: a secret for a private index, for example.",
        locally="set what the installer needs in the environment, such as UV_INDEX or PIP_INDEX_URL",
    ),
    OptionSpec(
        name="network",
        field="network",
        kind="choice",
        value="default|none|host",
        choices=("default", "none", "host"),
        default="as the build has it",
        doc="The network of the install step, as for `RUN --network`.",
        locally="the network of this machine is used",
    ),
    OptionSpec(
        name="path",
        field="path",
        kind="directory",
        value="DIR",
        default="`$HOME/.venv/<name>` of the stage's user, `/opt/venv/<name>` for root",
        doc="The absolute directory of the environment in the image.",
        locally="the environment is in .pyenv-frontend",
    ),
    OptionSpec(
        name="extra",
        field="extras",
        kind="label",
        value="NAME",
        repeatable=True,
        default="none",
        doc="An extra of the project (`pyproject.toml`) or lock file (`pylock.toml`) to install as well.",
        step="extras",
        resolves=True,
    ),
    OptionSpec(
        name="group",
        field="groups",
        kind="label",
        value="NAME",
        repeatable=True,
        default="none",
        doc="A dependency group of the project or lock file to install as well.",
        step="groups",
        resolves=True,
    ),
    OptionSpec(
        name="pre",
        field="pre",
        kind="switch",
        default="off",
        doc="Pre-releases are taken as well, as with `--pre` of pip and uv.",
        step="pre",
        resolves=True,
    ),
    OptionSpec(
        name="index-strategy",
        field="index_strategy",
        kind="choice",
        value="STRATEGY",
        choices=("first-index", "unsafe-first-match", "unsafe-best-match"),
        default="`first-index`",
        doc="How uv chooses between several indexes: `first-index` takes a package from the first one that has it, "
        "`unsafe-best-match` the best version of all, as pip does, `unsafe-first-match` a version of the first one "
        "that has a fitting one. Not for `--installer=pip`.",
        step="index_strategy",
        resolves=True,
    ),
    OptionSpec(
        name="uv",
        field="uv",
        kind="reference",
        value="VERSION|IMAGE|STAGE",
        default="the uv of the frontend's image",
        doc="Another uv: a version, whose official image `ghcr.io/astral-sh/uv:VERSION` is used, or an image or a "
        "stage that has one. For projects whose `required-version` excludes the default one.",
        locally="the uv of this machine is used",
    ),
    OptionSpec(
        name="cache",
        field="cache",
        kind="choice",
        value="on|off",
        choices=("on", "off"),
        default="on",
        doc="Whether the install step shares downloads and built wheels with other builds by a cache mount. "
        "`off` shares nothing: what another build left there cannot get into the environment.",
        locally="the caches of this user are used",
    ),
    OptionSpec(
        name="no-compile",
        field="compile",
        kind="switch",
        negates=True,
        default="byte code is compiled, except of test suites",
        doc="Leave the byte code out: a smaller image, and slower first imports.",
        step="no_compile",
        locally="byte code is compiled when it is first needed",
    ),
    OptionSpec(
        name="lock",
        field="lock",
        kind="lock",
        value="FILE|require|off",
        default="`pylock.<name>.toml` at the top of the build context, if it fits",
        doc="The lock that the environment is installed from, made by `pyenv-frontend lock`. With `require`, a missing "
        "or stale lock is an error; a FILE, named `pylock.toml` or `pylock.NAME.toml`, must be there, and is not used "
        "if it is stale; with `off`, none is taken.",
    ),
)


_SHARED_DIRECTORIES: Final = frozenset(
    {
        "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt", "/proc", "/root",
        "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin",  # noqa: S108
        "/usr/local/lib", "/usr/sbin", "/usr/share", "/var", "/var/lib", "/var/tmp",  # noqa: S108
        "/opt/airflow", "/usr/local/airflow", GRAFTS,
    }
)  # fmt: skip
"""Directories that are never a single program's (hier(7)), and the homes of Airflow's images."""

_FOREIGN: Final = ("/dev/", "/proc/", "/sys/", f"{GRAFTS}/")
"""The beginnings of paths in file systems of the kernel, and in copied interpreters."""


def find_option(name: str) -> OptionSpec:
    """Find the row of an option.

    Raises:
        InvalidValue: No option has that name.
    """
    for spec in OPTIONS:
        if spec.name == name:
            return spec
    names = [spec.name for spec in OPTIONS]
    meant = nearest(name.replace("_", "-"), names)
    known = ", ".join(f"--{option}" for option in names)
    from pyenv_frontend.pyenv.hints import option_hint  # noqa: PLC0415 - only ever needed on the way to an error

    hint = option_hint(name) or (f"write --{meant}" if meant else "")
    raise InvalidValue(f"PYENV has no option --{name}", expected=f"one of {known}", hint=hint)


def read_value(spec: OptionSpec, text: str | None, escape: str = "\\") -> OptionValue:
    """Check one option's value, expanded and without quotes; None where no `=` was written.

    Raises:
        InvalidValue: the value is missing, or is not one for this option.
    """
    if spec.kind == "switch":
        return _switch(spec, text) is not spec.negates
    if not text:
        raise InvalidValue(f"--{spec.name} needs a value", expected=spec.usage)
    return _READERS[spec.kind](spec, text, escape)


def build_options(values: Iterable[tuple[OptionSpec, OptionValue, Span]]) -> Options:
    """Combine checked values; a repeatable option has all of its values, in order."""
    fields: dict[str, Any] = {}
    spans: list[tuple[str, Span]] = []
    for spec, value, span in values:
        fields[spec.field] = (*fields.get(spec.field, ()), value) if spec.repeatable else value
        spans.append((spec.name, span))
    return Options(**fields, spans=tuple(spans))


def step_values(options: Options) -> dict[str, Any]:
    """Return the values for the install step, by the fields of its `EnvironmentOptions`."""
    values = {spec.step: (getattr(options, spec.field), spec.negates) for spec in OPTIONS if spec.step}
    return {
        field: not value if negates else value
        for field, (value, negates) in values.items()
        if value is not None  # left out, so that the step's own default applies
    }


def _switch(spec: OptionSpec, text: str | None) -> bool:
    lowered = "true" if text is None else text.lower()
    if lowered not in {"true", "false"}:
        raise InvalidValue(
            f"--{spec.name} is on or off, not {text!r}", expected=f"--{spec.name}, or --{spec.name}=false"
        )
    return lowered == "true"


def _choice(spec: OptionSpec, text: str, _escape: str) -> str:
    if text in spec.choices:
        return text
    meant = nearest(text, spec.choices)
    hint = f"write --{spec.name}={meant}" if meant else ""
    raise InvalidValue(f"--{spec.name} cannot be {text!r}", expected=any_of(spec.choices), hint=hint)


def _file(_: OptionSpec, text: str, _escape: str) -> str:
    return context_path(text)


def _reference(spec: OptionSpec, text: str, _escape: str) -> str:
    if _REFERENCE.fullmatch(text):
        return text
    raise InvalidValue(f"--{spec.name} cannot be {text!r}", expected=f"{spec.usage}, the name of an image or a stage")


def _mount(_: OptionSpec, text: str, escape: str) -> Mount:
    return parse_mount(text, escape)


def _directory(spec: OptionSpec, text: str, _escape: str) -> str:
    path = "/" + posixpath.normpath(text).lstrip("/")
    if not text.startswith("/"):
        raise InvalidValue(f"--{spec.name}={text} is not absolute", expected="a directory that begins with /")
    if path in _SHARED_DIRECTORIES or path.startswith(_FOREIGN) or ".." in text.split("/"):
        raise InvalidValue(
            f"--{spec.name}={text} cannot hold an environment", expected="a directory of its own, such as /opt/x"
        )
    return path


def _label(spec: OptionSpec, text: str, _escape: str) -> str:
    if _LABEL.fullmatch(text):
        return text
    hint = f"write --{spec.name} once for each" if "," in text else ""
    raise InvalidValue(f"--{spec.name} cannot be {text!r}", expected="a name of letters, digits, ., _ and -", hint=hint)


def _lock(spec: OptionSpec, text: str, _escape: str) -> str:
    words = ("require", "off")
    if text in words:
        return text
    path = context_path(text)
    if not is_lock(path):
        close = nearest(text, [*words])
        hint = f"did you mean --{spec.name}={close}?" if close else "a lock is called pylock.toml or pylock.NAME.toml"
        raise InvalidValue(f"--{spec.name} cannot be {text!r}", expected=spec.usage, hint=hint)
    return path


_READERS: Final[dict[str, Callable[[OptionSpec, str, str], str | Mount]]] = {
    "choice": _choice,
    "file": _file,
    "reference": _reference,
    "mount": _mount,
    "directory": _directory,
    "label": _label,
    "lock": _lock,
}
