"""The options of the build steps: one class for each step, and how its values become a command line and back.

The frontend writes the command line (`to_arguments`), the step reads it in the image (`parse`). What an option of PYENV
has to do with a field of these classes is in the table `pyenv_frontend.pyenv.options`.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Sequence

from pyenv_image.failure import StepError

__all__ = [
    "CollectOptions",
    "CopyOptions",
    "EnvironmentOptions",
    "FinishOptions",
    "GraftOptions",
    "SelfcheckOptions",
    "parse",
    "to_arguments",
]


def _repeatable(flag: str) -> Any:
    """Declare a field with several values; its flag is written once for each."""
    return field(default=(), metadata={"flag": flag})


@dataclass(frozen=True)
class GraftOptions:
    """Options of the step that copies an interpreter into the image."""

    source: str
    """The prefix that the interpreter is copied from."""

    prefix: str
    """The prefix that it gets in the image."""

    link: str = ""
    """Where PATH finds the executable; empty: nowhere."""

    libraries: str = ""
    """The root of the interpreter's image, whose libraries are carried; empty: the base has them."""

    checked_on_stage: bool = False
    """Whether it is only checked by the step that looks at the stage it goes onto (`finish`)."""


@dataclass(frozen=True)
class SelfcheckOptions:
    """The step that checks an interpreter has no options."""


@dataclass(frozen=True)
class CopyOptions:
    """Options of the step that copies an environment from another stage."""

    name: str
    source: str
    """Where the environment of the other stage is mounted."""

    path: str
    """Where it goes."""

    user: str = "0"
    """The owner, in the syntax of `USER`."""

    home: str = ""
    """The stage's `ENV HOME`, where it sets one."""


@dataclass(frozen=True)
class CollectOptions:
    """Options of the step that gathers what installs may know of their stage."""

    output: str
    """An empty folder."""

    skeleton: str
    """An empty folder that gets the folders above the paths as the stage has them, and the links in those."""

    paths: tuple[str, ...] = _repeatable("path")
    """Where the results of the installs go: all in one folder."""

    user: str = "0"
    home: str = ""


@dataclass(frozen=True)
class FinishOptions:
    """Options of the step that checks a grafted interpreter on its stage."""

    prefix: str
    """Where the interpreter goes."""

    python: str
    """Where its executable goes."""

    skeleton: str
    """An empty folder that gets the folders above the prefix as the stage has them, and the link to the executable."""

    link: str = ""
    """Where PATH finds the executable; empty: nowhere."""


@dataclass(frozen=True)
class EnvironmentOptions:
    """Options of the step that creates an environment and installs into it.

    Paths of files are relative to `context`.
    """

    name: str
    path: str = ""
    """The folder of the environment."""

    user: str = "0"
    """The owner, in the syntax of `USER`: a name or a number, with `:group` or without."""

    home: str = ""
    """The stage's `ENV HOME`, where it sets one."""

    installer: str = "uv"
    """`uv` or `pip`."""

    requirements: tuple[str, ...] = _repeatable("requirements")
    """Requirements files and `pylock.toml`s."""

    projects: tuple[str, ...] = _repeatable("project")
    """`pyproject.toml`s whose dependencies are installed."""

    locked: tuple[str, ...] = _repeatable("locked")
    """Those of the projects whose versions a `uv.lock` decides."""

    only_groups: tuple[str, ...] = _repeatable("only-groups")
    """Those of the projects that list dependencies in groups alone."""

    constraints: tuple[str, ...] = _repeatable("constraint")
    """Constraints files."""

    lines: tuple[str, ...] = _repeatable("line")
    """The lines of the heredoc."""

    heredoc: str = ""
    """The Dockerfile's name and the number of the heredoc's first line, if they are known: `Dockerfile:7`.

    A build passes them by `HEREDOC_VARIABLE`.
    """

    pre: bool = False
    """Whether pre-releases are taken."""

    index_strategy: str = ""
    """uv's strategy for several indexes; empty: uv's default."""

    extras: tuple[str, ...] = _repeatable("extra")
    groups: tuple[str, ...] = _repeatable("group")
    system_site_packages: bool = False
    no_compile: bool = False
    selfcheck: bool = False
    """Whether to check the interpreter first, because no earlier step has."""

    python: str = ""
    """The interpreter of the environment; empty: the one that runs the step."""

    uv: str = "/run/pyenv/uv"
    """The uv executable, or the root of an image that has one."""

    context: str = "/run/pyenv-context"
    """The folder of the build context."""

    stage: str = ""
    """What was collected of the stage, if the step does not run on it."""

    wheels: str = ""
    """The C library that wheels are chosen for, in uv's words and without the processor; empty: that of the step."""

    checks_apart: bool = False
    """Whether a step that does not run on the stage checks that the packages fit together, without their code."""

    lock: str = ""
    """A lock that is installed instead of all else: a part of the one among the requirements."""

    heavy: str = ""
    """The folder with the packages of the other part, if those of both are checked together."""

    packages_only: bool = False
    """Whether the result holds the packages alone: another step makes the environment that they go into."""

    local: bool = False
    """Whether the step runs outside an image, with the caches of the user who runs it."""


def to_arguments(options: Any) -> list[str]:
    """Write the options of a step as the arguments of its command. Defaults are left out."""
    arguments = []
    for option in fields(options):
        value = getattr(options, option.name)
        if isinstance(value, tuple):
            arguments += [f"--{_flag(option)}={item}" for item in value]
        elif isinstance(value, bool):
            arguments += [f"--{_flag(option)}"] if value else []
        elif value != option.default:
            arguments.append(f"--{_flag(option)}={value}")
    return arguments


def parse(kind: type, arguments: Sequence[str]) -> Any:
    """Read the options of a step.

    Args:
        kind: the class of the step's options.
        arguments: what `to_arguments` wrote.

    Raises:
        StepError: an option is unknown, or one that is required is missing.
    """
    flags = {_flag(known): known for known in fields(kind)}
    values: dict[str, Any] = {}
    for argument in arguments:
        flag, _, text = argument[2:].partition("=")
        if not argument.startswith("--") or flag not in flags:
            raise StepError(f"this step has no option {argument}")
        known = flags[flag]
        if known.default == ():
            values[known.name] = (*values.get(known.name, ()), text)
        elif known.default is False:
            values[known.name] = True
        else:
            values[known.name] = text
    missing = [flag for flag, known in flags.items() if known.default is MISSING and known.name not in values]
    if missing:
        raise StepError(f"this step needs --{missing[0]}")
    return kind(**values)


def _flag(option: Field[Any]) -> str:
    return str(option.metadata.get("flag", option.name.replace("_", "-")))
