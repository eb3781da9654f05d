"""Colours of the command line: when they are used, and for which lines."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final, Literal

import click

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["color_option", "colored", "show_error"]

type When = Literal["auto", "always", "never"]

# Patterns that `re` compiles when the first error is shown.
_HEADLINE: Final = r"(?P<place>[^\s:][^\n:]*:\d+:\d+:)(?P<level> error:| warning:)?(?P<rule> Pyenv\w+:)?(?P<rest>.*)"
_LABEL: Final = r"(?P<label>expected|hint|note):(?P<rest>.*)"
_CARETS: Final = r"(?P<margin> +\| [ \t]*)(?P<carets>\^+)"
_SOURCE: Final = r"(?P<margin> *\d+ \| )(?P<rest>.*)"


def color_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--color` to a command, which decides whether its output has colours."""
    return click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        expose_value=False,
        callback=_set_color,
        help="Whether the output has colours.  [default: on a terminal]",
    )(command)


def _set_color(ctx: click.Context, _parameter: click.Parameter, when: When) -> None:
    """Set click's colour option: True, False, or None for terminals only."""
    color = _has_color(when, os.environ)
    if when != "auto" or ctx.parent is None:  # a command's own option overrides the program's
        ctx.color = ctx.find_root().color = color


def _has_color(when: When, environ: os._Environ[str] | dict[str, str]) -> bool | None:
    """Read the option, then the variables of https://no-color.org and https://force-color.org."""
    if when != "auto":
        return when == "always"
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    return True if environ.get("FORCE_COLOR") else None


def show_error(text: str) -> None:
    """Print the text of an error to standard error."""
    click.echo(colored(text), err=True)


def colored(text: str) -> str:
    """Color the lines of errors and findings by their kind; click removes the colours if they are switched off."""
    return "\n".join(map(_colored_line, text.split("\n")))


def _colored_line(line: str) -> str:
    if match := re.fullmatch(_CARETS, line):
        return click.style(match["margin"], dim=True) + click.style(match["carets"], fg="red", bold=True)
    if match := re.fullmatch(_SOURCE, line):
        return click.style(match["margin"], dim=True) + match["rest"]
    if match := re.fullmatch(_LABEL, line):
        return click.style(f"{match['label']}:", fg="cyan", bold=True) + match["rest"]
    if match := re.fullmatch(_HEADLINE, line):
        level = match["level"] or ""
        tint = "yellow" if "warning" in level else "red"
        parts = [click.style(match["place"], bold=True), click.style(level, fg=tint, bold=True) if level else ""]
        rule = click.style(match["rule"], fg=tint) if match["rule"] else ""
        rest = match["rest"] if level else click.style(match["rest"], bold=True)
        return "".join(parts) + rule + rest
    return line
