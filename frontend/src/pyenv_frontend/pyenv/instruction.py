"""The values of one PYENV: checked, expanded, and with the location of each word.

`pyenv.parser` creates these values; `expansion` and `cli` read them.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pyenv_image.variables import VARIABLE_PREFIX

if TYPE_CHECKING:
    from pyenv_frontend.dockerfile import Instruction
    from pyenv_frontend.positions import Span
    from pyenv_frontend.pyenv.mount import Mount

__all__ = ["EnvironmentName", "Installer", "Options", "Pyenv", "PythonVersion", "RequirementsFile", "RequirementsKind"]

Installer = Literal["uv", "pip"]
RequirementsKind = Literal["requirements", "pylock", "pyproject"]


@dataclass(frozen=True, slots=True)
class PythonVersion:
    """A Python version as the user wrote it; `text` is also the version part of a `python:` image's tag."""

    text: str
    """As written: `3.8`, `3.8.18`, `3.15.0a2`, `3.15-rc`."""

    minor: str
    """The series alone: `3.8`."""

    full: str | None
    """The whole version in PEP 440's normal form (`3.8.18`, `3.15.0a2`), or None when only the series was written."""

    span: Span
    """Where it stands in the Dockerfile."""

    @property
    def prerelease(self) -> bool:
        """Whether an alpha, beta or release candidate was asked for."""
        return not self.text.replace(".", "").isdigit()


@dataclass(frozen=True, slots=True)
class EnvironmentName:
    """The name of an environment."""

    text: str
    """As written: `[A-Za-z_][A-Za-z0-9_-]*`."""

    span: Span
    """Where it stands in the Dockerfile."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that hold the environment's python: `ASTRO_PYENV_<name>`, and for a dash the spelling with `_`.

        `sh` and Kubernetes drop variables with a dash in the name, hence the second spelling.
        """
        plain = VARIABLE_PREFIX + self.text
        return (plain, plain.replace("-", "_")) if "-" in self.text else (plain,)


@dataclass(frozen=True, slots=True)
class RequirementsFile:
    """A file of the build context that says what to install."""

    path: str
    """Relative to the root of the build context, with `/`, without `.` and `..`."""

    kind: RequirementsKind
    """How the file is read: pip's requirements format, PEP 751's `pylock.toml`, or a project's `pyproject.toml`."""

    span: Span
    """Where it stands in the Dockerfile."""


@dataclass(frozen=True, slots=True)
class Options:
    """The `--options` of one PYENV; the table in `pyenv.options` says what each means."""

    installer: Installer = "uv"
    """Which program installs the requirements."""

    constraints: tuple[str, ...] = ()
    """Constraints files, relative to the build context."""

    system_site_packages: bool = False
    """Whether the environment sees the packages of its interpreter."""

    from_: str | None = None
    """Image or stage that the interpreter is taken from; None: chosen by the base image."""

    builder: str | None = None
    """Stage in which the requirements are installed; None: this one."""

    mounts: tuple[Mount, ...] = ()
    """Mounts of the install step."""

    network: str | None = None
    """`default`, `none` or `host` for the install step; None: as the build has it."""

    path: str | None = None
    """Absolute directory of the environment in the image; None: by the stage's user."""

    extras: tuple[str, ...] = ()
    """Extras of the project or lock file."""

    groups: tuple[str, ...] = ()
    """Dependency groups of the project or lock file."""

    pre: bool = False
    """Whether pre-releases are taken."""

    index_strategy: str | None = None
    """uv's strategy for several indexes; None: uv's default."""

    uv: str | None = None
    """A version of uv, or an image that has one; None: the one of the frontend's image."""

    cache: str = "on"
    """`off` for an install step without the cache mount that builds share."""

    compile: bool = True
    """Whether byte code is compiled."""

    lock: str = ""
    """A lock file relative to the build context, `require` or `off`; empty: the lock of the environment's name."""

    spans: tuple[tuple[str, Span], ...] = ()
    """The place of each option in the Dockerfile, by the option's name without dashes, in the order written."""

    def span(self, name: str) -> Span | None:
        """Where option `name` (`from`, `constraint`) was written last, or None."""
        return next((span for key, span in reversed(self.spans) if key == name), None)


@dataclass(frozen=True, slots=True)
class Pyenv:
    """One PYENV instruction."""

    instruction: Instruction
    """The node in the document; for `ONBUILD PYENV` the ONBUILD."""

    keyword: str
    """The word PYENV in the user's letter case, which generated keywords follow."""

    version: PythonVersion
    name: EnvironmentName

    requirements: tuple[RequirementsFile, ...] = ()
    """The files named, in order."""

    inline: bytes | None = None
    """The text of the heredoc with its variables expanded, or None; installed after the files."""

    options: Options = Options()

    onbuild: bool = False
    """Whether this is the trigger of an ONBUILD."""

    @property
    def escape(self) -> str:
        """The escape character of the lines that replace it; a trigger is parsed alone, and always with a backslash."""
        return "\\" if self.onbuild else self.instruction.escape.decode()

    @property
    def heredoc_start(self) -> str:
        """The position of the first line of its heredoc, as `Dockerfile:7`; empty without one.

        The install has a file of that name in a folder of its own, so the name does not lead out of a folder.
        """
        body = next((heredoc.body for heredoc in self.instruction.heredocs if heredoc.content), None)
        name = posixpath.normpath(self.instruction.file.name).lstrip("/").rpartition("../")[2]
        return f"{name}:{body.locate(0, 1).position.line}" if body else ""

    @property
    def bare(self) -> bool:
        """Whether nothing is to be installed."""
        return not self.requirements and self.inline is None
