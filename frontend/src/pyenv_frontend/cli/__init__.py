"""The command line: one program, whose commands are imported when they are called."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import click

from pyenv_frontend.cli.terminal import color_option, show_error
from pyenv_frontend.errors import PyenvError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "run"]

USAGE_EXIT: Final = 64
"""sysexits' code for incorrect usage."""

INTERRUPTED_EXIT: Final = 130
"""What a shell reports of a process that Ctrl-C ended."""

COMMANDS: Final = {
    "expand": "Print the Dockerfile without PYENV.",
    "check": "Report mistakes and advice, without building.",
    "lock": "Write a lock file for each environment.",
    "rule": "Explain a rule of check.",
    "local": "Make the environments on this machine, without an engine.",
}
"""The commands, each a function of its own name in the module `cli.<name>`."""


_WRITE_ERRORS: Final = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO}


class _Lazy(click.Group):
    """A group whose commands are imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the table."""
        del ctx
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        return cast("click.Command", getattr(import_module(f"pyenv_frontend.cli.{cmd_name}"), cmd_name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest the nearest one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            hint = did_you_mean(args[0], COMMANDS)
            if args[0] in COMMANDS or args[0].startswith("-") or not hint:
                raise
            raise click.UsageError(f"No such command {args[0]!r}; {hint}", ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command, and show the error that it raises."""
        try:
            return super().invoke(ctx)
        except PyenvError as error:
            show_error(error.format())
            return error.exit_code

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pyenv-frontend")
@color_option
def cli() -> None:
    """PYENV in Dockerfiles, without a build."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    0 is success, 1 means errors in the input, 64 incorrect usage, 70 that the command itself failed, and 130 that
    Ctrl-C ended it.
    """
    try:
        result = cli.main(arguments, prog_name="pyenv-frontend", standalone_mode=False)
        sys.stdout.flush()
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED_EXIT
    except click.UsageError as error:
        error.show()
        return USAGE_EXIT
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except OSError as error:
        if error.errno not in _WRITE_ERRORS:
            raise
        return _cannot_write(error)
    return result if isinstance(result, int) else 0


def _cannot_write(error: OSError) -> int:
    """Report that the output cannot be written, unless a reader such as `head` closed it."""
    with contextlib.suppress(OSError):
        # Writing the rest of the buffer would fail again when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno != errno.EPIPE:
        name = f"{error.filename}: " if error.filename else ""
        click.echo(f"pyenv-frontend: cannot write: {name}{os.strerror(error.errno or 0)}", err=True)
    return PyenvError.exit_code


def main() -> NoReturn:
    """Run as a program."""
    code = run()
    if code > 128:  # a signal
        # Threads that still wait for a child process would delay the exit.
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
