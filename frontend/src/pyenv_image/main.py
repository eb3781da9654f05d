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
    """Run one step. A failure is one sentence and exit code 1.

    It is written to stdout, as all output of installers is: the engine reads two streams in no certain order, and the
    sentence may say that the installer's message stands above.
    """
    name, *rest = arguments
    try:
        import_module(f"pyenv_image.{name}").run(parse(_STEPS[name], rest))
    except StepError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename or 'the step'}: {error.strerror or error}")


def _fail(sentence: str) -> None:
    text = f"error: {sentence}\n"
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.flush()
    sys.exit(1)
