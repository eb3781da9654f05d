"""The command line: `pyenv-frontend expand`, `check`, `local`. Each command is imported when it is called."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final, NoReturn, cast

import click

from pyenv_frontend.errors import PyenvError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "run"]

USAGE_EXIT: Final = 64
"""sysexits' code for a command that was called wrongly."""

COMMANDS: Final = {
    "expand": "Print the Dockerfile without PYENV.",
    "check": "Report mistakes and advice, without building.",
    "lock": "Write a lock file for each environment.",
    "local": "Make the environments on this machine, without an engine.",
}
"""The commands, each a function of its own name in the module `cli.<name>`."""


class _Lazy(click.Group):
    """A group whose commands are imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name them in the order of the table."""
        del ctx
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        return cast("click.Command", getattr(import_module(f"pyenv_frontend.cli.{cmd_name}"), cmd_name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pyenv-frontend")
def cli() -> None:
    """PYENV in Dockerfiles, without a build."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 1 for mistakes in what it read, 64 for a wrong call."""
    try:
        result = cli.main(arguments, prog_name="pyenv-frontend", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return USAGE_EXIT
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130  # as a shell says of a process that Ctrl-C ended
    except PyenvError as error:
        click.echo(error.format(), err=True)
        return error.exit_code
    return result if isinstance(result, int) else 0


def main() -> NoReturn:
    """Run as a program."""
    sys.exit(run())
