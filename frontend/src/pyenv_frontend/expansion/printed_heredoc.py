"""A heredoc's lines for a print: what may be secret stays a variable, which the installer fills in.

A build fills all variables in. A print is kept in files, and who makes it with `--build-arg TOKEN=...` does not want
the token there. Both installers fill in `${NAME}` in addresses, from the variables that the step of the print has.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pyenv_frontend.dockerfile.words import expand_heredoc
from pyenv_frontend.errors import UserError

if TYPE_CHECKING:
    from pyenv_frontend.stages.program import Environment

__all__ = ["is_like_a_secret", "printed"]

# As Docker's lint has it (SecretsUsedInArgOrEnv).
_LIKE_A_SECRET: Final = re.compile(
    r"(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)", re.IGNORECASE
)
_FILLED_IN: Final = re.compile(r"(?!PIP_|UV_|PYTHON)[A-Z0-9_]+")


def is_like_a_secret(name: str) -> bool:
    """Return whether a variable has a name that Docker takes for that of a secret."""
    return _LIKE_A_SECRET.search(name) is not None


def printed(environment: Environment) -> Environment:
    """Return a PYENV with the lines that its heredoc has in a print.

    Raises:
        UserError: a variable with the name of a secret would be printed.
    """
    pyenv = environment.pyenv
    heredoc = next(iter(pyenv.instruction.heredocs), None)
    if pyenv.inline is None or heredoc is None or not heredoc.expand:
        return environment
    text = heredoc.body.text.decode("utf-8", "surrogateescape")
    variables = environment.state.variables
    of_step = {} if pyenv.onbuild else environment.builder.variables if environment.builder else variables
    stays = {
        name: f"${{{name}}}"
        for name, value in variables.items()
        if value and of_step.get(name) == value and _stays(name, text)
    }
    expanded = expand_heredoc(heredoc.body, {**variables, **stays}.get)
    for name in sorted(expanded.used - stays.keys()):
        if is_like_a_secret(name) and variables[name]:
            message = f"the print would repeat {name}, which has the name of a secret"
            hint = "write it in capitals and in an address (https://${TOKEN}@host/), where a print leaves it as it is"
            raise UserError(message, heredoc.marker.location, hint=hint)
    inline = expanded.value.encode("utf-8", "surrogateescape")
    return replace(environment, pyenv=replace(pyenv, inline=inline))


def _stays(name: str, text: str) -> bool:
    """Return whether installers fill in every use of a variable: as it is, in addresses."""
    if not _FILLED_IN.fullmatch(name):
        return False
    uses = re.findall(rf"\$\{{?{name}(?![A-Za-z0-9_])", text)
    plain = re.compile(rf"\${name}(?![A-Za-z0-9_])|\$\{{{name}\}}")
    in_addresses = [use for word in text.split() for use in plain.findall(word.partition("://")[2])]
    return bool(uses) and len(uses) == len(in_addresses)
