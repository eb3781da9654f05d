"""`pyenv-frontend rule`: the reason for a rule of `check`, and what to write instead."""

from __future__ import annotations

import textwrap

import click

from pyenv_frontend.cli.terminal import color_option
from pyenv_frontend.errors import UsageError, did_you_mean
from pyenv_frontend.lint.ruleset import RULES, Rule

__all__ = ["rule"]


@click.command()
@click.argument("name", required=False, metavar="[RULE]")
@color_option
def rule(name: str | None) -> None:
    """Explain a rule of `check`, or list all of them."""
    rules = {entry.name: entry for entry in RULES}
    if name is None:
        widest = max(map(len, rules))
        for entry in RULES:
            click.echo(f"{click.style(f'{entry.name:<{widest}}', fg='yellow')}  {entry.summary}")
        return
    exact = {known.lower(): known for known in rules}.get(name.lower(), "")
    if not exact:
        hint = did_you_mean(name, rules) or "pyenv-frontend rule lists them"
        raise UsageError(f"there is no rule {name}; {hint}")
    click.echo(_explained(rules[exact]), nl=False)


def _explained(rule: Rule) -> str:
    heading = click.style(rule.name, fg="yellow", bold=True)
    bad, good = (textwrap.indent(text.strip("\n"), "    ") for text in (rule.bad, rule.good))
    parts = (
        f"{heading}: {rule.summary}",
        rule.why.strip(),
        f"This gets the warning:\n\n{bad}",
        f"This does not:\n\n{good}",
        f"To switch it off, write `# check=skip={rule.name}` at the top of the Dockerfile.",
    )
    return "\n\n".join(parts) + "\n"
