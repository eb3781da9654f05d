"""The command line of the steps: the name of a step, then its options."""

from __future__ import annotations

import sys
from importlib import import_module

from pyenv_image.failure import StepError
from pyenv_image.step_options import (
    CollectOptions,
    CopyOptions,
    EnvironmentOptions,
    FinishOptions,
    GraftOptions,
    SelfcheckOptions,
    parse,
)

_STEPS: dict[str, type] = {
    "graft": GraftOptions,
    "selfcheck": SelfcheckOptions,
    "copy": CopyOptions,
    "collect": CollectOptions,
    "finish": FinishOptions,
    "environment": EnvironmentOptions,
}
"""The options of each step. Its function is `run` in the module of its name, and no step imports what another needs:
the official images of Python have no byte code, so that each import is compiled anew.
"""


def main(arguments: list[str]) -> None:
    """Run one step. A failure is one sentence on stderr and exit code 1."""
    name, *rest = arguments
    try:
        import_module(f"pyenv_image.{name}").run(parse(_STEPS[name], rest))
    except StepError as error:
        sys.stdout.flush()
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.stdout.flush()
        sys.exit(f"error: {error.filename or 'the step'}: {error.strerror or error}")
