"""The options that all commands share: the Dockerfile, its context, build-args and platforms."""

from __future__ import annotations

import codecs
import functools
import os
import platform
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from pyenv_frontend.cli.folder_context import FolderContext
from pyenv_frontend.cli.terminal import color_option
from pyenv_frontend.dockerfile import parse
from pyenv_frontend.errors import UsageError, UserError, did_you_mean
from pyenv_frontend.positions import Location, SourceFile, Span
from pyenv_frontend.pyenv.parser import UNSET
from pyenv_frontend.stages.analyze import Settings, read

if TYPE_CHECKING:
    from pyenv_frontend.dockerfile import Document
    from pyenv_frontend.stages.program import Program

__all__ = [
    "BaseVariables",
    "CommonOptions",
    "common_options",
    "common_options_without_argument",
    "is_written",
    "not_allowed_with",
    "only",
]

type BaseVariables = Callable[[str, str | None], Mapping[str, str]]
"""Returns the ENV of a base image, by its name and platform."""

_MACHINES: Final = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64", "armv7l": "arm/v7"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonOptions:
    """One Dockerfile, and the options for reading it, which every command has."""

    dockerfile: str
    """Its path; `-` is standard input."""

    context_folder: str | None
    """The folder of the build context; None: the Dockerfile's folder."""

    settings: Settings
    """Build-args, target and platforms."""

    base_env: Mapping[str, str]
    """ENV of the base image, as far as it is known."""

    @property
    def for_target(self) -> CommonOptions:
        """The same, but PYENVs of stages that `--target` does not need are left out, as in a build."""
        return replace(self, settings=replace(self.settings, reachable_only=bool(self.settings.target)))

    def read_document(self) -> Document:
        """Read the Dockerfile.

        Raises:
            UsageError: there is no such file.
            UserError: it cannot be read as a Dockerfile.
        """
        path = self.dockerfile
        if path == "-":
            return _parsed(sys.stdin.buffer.read())
        try:
            return _parsed(Path(path).read_bytes(), path)
        except IsADirectoryError:
            raise UsageError(f"{path} is a folder: name the Dockerfile in it, {Path(path) / 'Dockerfile'}") from None
        except OSError as error:
            raise UsageError(f"{path}: {os.strerror(error.errno or 0)}") from error

    def read_program(
        self,
        document: Document,
        *,
        base_variables: BaseVariables | None = None,
        report: Callable[[UserError], None] | None = None,
    ) -> Program:
        """Analyze the Dockerfile.

        Args:
            document: the Dockerfile.
            base_variables: returns the ENV of base images; None: it is `base_env`.
            report: receives the errors of single PYENVs; None: the first is raised.

        Raises:
            UsageError: there is no stage `--target`.
            UserError: the Dockerfile has an error.
        """
        if base_variables is not None:
            program = read(document, self.settings, base_variables=base_variables, report=report)
        else:
            hinted = None if report is None else lambda error: report(_with_base_env(error))
            try:
                program = read(document, self.settings, base_variables=lambda *_: self.base_env, report=hinted)
            except UserError as error:
                raise _with_base_env(error) from None
        _check_target(program, self.settings.target)
        return program

    def command(self, name: str, *arguments: str) -> str:
        """Return a command that reads the same, for a shell; options that have their defaults are left out."""
        settings = self.settings
        options = {
            "file": [self.dockerfile] if self.dockerfile != "Dockerfile" else [],
            "context": [self.context_folder] if self.context_folder is not None else [],
            "build-arg": [f"{name}={value}" for name, value in settings.build_args.items()],
            "target": [settings.target] if settings.target else [],
            "platform": [settings.target_platform] if settings.target_platform else [],
            "base-env": [f"{name}={value}" for name, value in self.base_env.items()],
        }
        words = [f"--{option}={value}" for option, values in options.items() for value in values]
        return shlex.join(["pyenv-frontend", name, *words, *arguments])

    @property
    def folder(self) -> Path:
        """The folder of the Dockerfile."""
        return Path.cwd() if self.dockerfile == "-" else Path(self.dockerfile).parent

    @property
    def context(self) -> FolderContext:
        """The build context."""
        if self.dockerfile == "-":
            return FolderContext(self.context_folder or ".")
        return FolderContext(self.context_folder or self.folder, self.dockerfile)


def _with_base_env(error: UserError) -> UserError:
    """Add to an error about a variable that no line sets what to do if the base image sets it."""
    if not error.message.endswith(UNSET):
        return error
    hint = f"{error.hint}; if the base image sets it, say --base-env NAME=VALUE"
    return UserError(error.message, *error.locations, expected=error.expected, hint=hint)


def _parsed(data: bytes, name: str = "Dockerfile") -> Document:
    """Parse a Dockerfile.

    Raises:
        UserError: it is in UTF-16, as some editors and PowerShell write it; engines end such builds without an error.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        file = SourceFile(name, data.decode("utf-16", "replace").encode())
        place = Location(file, Span(0, len(file.data.partition(b"\n")[0].rstrip())))
        raise UserError("the file is in UTF-16, which no engine reads", place, hint="save it as UTF-8")
    return parse(data, name)


def common_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the Dockerfiles and the options that every command takes.

    The command gets them as its first argument, one `CommonOptions` for each Dockerfile.
    """
    return common_options_without_argument(
        click.argument("dockerfiles", nargs=-1, metavar="[DOCKERFILE]...", type=click.Path())(command)
    )


def common_options_without_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the same options to a command with other arguments; Dockerfiles are named by `--file` alone."""

    @functools.wraps(command)
    def with_common_options(**options: Any) -> Any:
        names = (*options.pop("files"), *options.pop("dockerfiles", ())) or ("Dockerfile",)
        context, base_env = options.pop("context"), _pairs(options.pop("base_env"), "--base-env")
        settings = Settings(
            build_args=_build_args(options.pop("build_arg")),
            build_platform=f"linux/{_MACHINES.get(platform.machine(), platform.machine())}",
            target_platform=options.pop("target_platform"),
            target=options.pop("target"),
        )
        common = tuple(
            CommonOptions(dockerfile=name, context_folder=context, settings=settings, base_env=base_env)
            for name in names
        )
        return command(common, **options)

    parameters: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...] = (
        color_option,
        click.option("--base-env", multiple=True, metavar="K=V", help="ENV of the base image. May be repeated."),
        click.option("--platform", "target_platform", metavar="OS/ARCH", help="Platform that is built for."),
        click.option("--target", metavar="STAGE", default="", help="Stage that is built."),
        click.option("--build-arg", multiple=True, metavar="K=V", help="As of docker build. May be repeated."),
        click.option(
            "--context", type=click.Path(file_okay=False), help="The build context.  [default: the Dockerfile's folder]"
        ),
        click.option(
            "-f",
            "--file",
            "files",
            multiple=True,
            metavar="FILE",
            type=click.Path(),
            help="A Dockerfile.  [default: Dockerfile]",
        ),
    )
    decorated: Callable[..., Any] = with_common_options
    for parameter in parameters:
        decorated = parameter(decorated)
    return decorated


def only(common: tuple[CommonOptions, ...], command: str) -> CommonOptions:
    """Return the options of the one Dockerfile that a command takes.

    Raises:
        UsageError: there are several.
    """
    if len(common) > 1:
        names = " and ".join(options.dockerfile for options in common[:2])
        raise UsageError(f"{command} takes one Dockerfile, not {names}")
    return common[0]


def is_written(name: str) -> bool:
    """Return whether a parameter of the current command stands on the command line, and is not its default."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def not_allowed_with(option: str, *others: str) -> None:
    """Refuse options that would have no effect beside another one.

    Args:
        option: the parameter's name of the option that is in force.
        others: the names of the others.

    Raises:
        UsageError: one of them stands on the command line.
    """
    flags = {parameter.name: parameter.opts[-1] for parameter in click.get_current_context().command.params}
    for other in others:
        if is_written(other):
            raise UsageError(f"argument {flags[other]}: not allowed with argument {flags[option]}")


def _check_target(program: Program, target: str) -> None:
    """Check that there is a stage `target`, as Docker does."""
    names = [stage.name for stage in program.stages if stage.name]
    if target and target.lower() not in names:
        hint = did_you_mean(target, names)
        raise UsageError(f"--target: there is no stage {target} in {program.document.file.name}{hint and f'; {hint}'}")


def _pairs(values: tuple[str, ...], option: str) -> dict[str, str]:
    """Read `K=V` values."""
    values_by_name: dict[str, str] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not (name and equals):
            raise UsageError(f"{option} {value}: write {option} NAME=VALUE")
        values_by_name[name] = text
    return values_by_name


def _build_args(values: tuple[str, ...]) -> dict[str, str]:
    """Read build-args as Docker does: a name alone takes its value from the environment, or is left out."""
    values_by_name: dict[str, str] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if equals:
            values_by_name[name] = text
        elif name in os.environ:
            values_by_name[name] = os.environ[name]
    return values_by_name
