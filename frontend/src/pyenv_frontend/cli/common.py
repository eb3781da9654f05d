"""What every command reads in the same way: the Dockerfile, its context, build-args and platforms."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pyenv_frontend.cli.folder_context import FolderContext
from pyenv_frontend.dockerfile import parse
from pyenv_frontend.errors import UsageError, near
from pyenv_frontend.stages.analyze import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenv_frontend.dockerfile import Document
    from pyenv_frontend.stages.program import Program

__all__ = ["check_target", "context_of", "pairs", "read_dockerfile", "settings_of", "shared_options"]

_MACHINES: Final = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64", "armv7l": "arm/v7"}


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what is read."""
    for option in (
        click.option("--base-env", multiple=True, metavar="K=V", help="ENV of the base image. May be repeated."),
        click.option("--platform", "target_platform", metavar="OS/ARCH", help="Platform that is built for."),
        click.option("--target", metavar="STAGE", default="", help="Stage that is built."),
        click.option("--build-arg", multiple=True, metavar="K=V", help="As of docker build. May be repeated."),
        click.option(
            "--context", type=click.Path(file_okay=False), help="The build context.  [default: the Dockerfile's folder]"
        ),
    ):
        command = option(command)
    return command


def read_dockerfile(path: str) -> Document:
    """Read a Dockerfile; `-` is standard input.

    Raises:
        UsageError: there is no such file.
        UserError: it cannot be read as a Dockerfile.
    """
    if path == "-":
        return parse(sys.stdin.buffer.read())
    try:
        return parse(Path(path).read_bytes(), path)
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder: name the Dockerfile in it, {Path(path) / 'Dockerfile'}") from None
    except OSError as error:
        raise UsageError(f"{path}: {os.strerror(error.errno or 0)}") from error


def context_of(context: str | None, dockerfile: str) -> FolderContext:
    """The build context: `context`, or the folder that the Dockerfile is in."""
    if dockerfile == "-":
        return FolderContext(context or ".")
    return FolderContext(context or Path(dockerfile).parent, dockerfile)


def settings_of(build_arg: tuple[str, ...], target: str, target_platform: str | None) -> Settings:
    """What a build with these options would say."""
    here = f"linux/{_MACHINES.get(platform.machine(), platform.machine())}"
    return Settings(
        build_args=_build_args(build_arg), build_platform=here, target_platform=target_platform, target=target
    )


def check_target(program: Program, target: str) -> None:
    """Check that there is a stage `target`, as Docker does.

    Raises:
        UsageError: there is none.
    """
    names = [stage.name for stage in program.stages if stage.name]
    if target and target.lower() not in names:
        meant = near(target, names)
        hint = f"; did you mean {meant}?" if meant else ""
        raise UsageError(f"--target: there is no stage {target} in {program.document.file.name}{hint}")


def pairs(values: tuple[str, ...], option: str) -> dict[str, str]:
    """Read `K=V` values.

    Raises:
        UsageError: one has no `=`.
    """
    found = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not (name and equals):
            raise UsageError(f"{option} {value}: write {option} NAME=VALUE")
        found[name] = text
    return found


def _build_args(values: tuple[str, ...]) -> dict[str, str]:
    """As Docker reads them: a name alone takes its value from the environment, and is left out if there is none."""
    found = {}
    for value in values:
        name, equals, text = value.partition("=")
        if equals:
            found[name] = text
        elif name in os.environ:
            found[name] = os.environ[name]
    return found
