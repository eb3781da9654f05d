"""The command line of the steps: the name of a step, then its options."""

from __future__ import annotations

import sys
from typing import Any, Callable

from pyenv_image import copy, environment, graft, independent, selfcheck
from pyenv_image.failure import StepError
from pyenv_image.step_options import (
    CollectOptions,
    CopyOptions,
    EnvironmentOptions,
    FinishOptions,
    GraftOptions,
    LayerOptions,
    RoomOptions,
    SelfcheckOptions,
    parse,
)

_STEPS: dict[str, tuple[type, Callable[[Any], None]]] = {
    "graft": (GraftOptions, graft.run),
    "selfcheck": (SelfcheckOptions, selfcheck.run),
    "copy": (CopyOptions, copy.run),
    "collect": (CollectOptions, independent.collect),
    "layer": (LayerOptions, independent.layer),
    "room": (RoomOptions, independent.room),
    "finish": (FinishOptions, independent.finish),
    "environment": (EnvironmentOptions, environment.run),
}


def main(arguments: list[str]) -> None:
    """Run one step. A failure is one sentence on stderr and exit code 1."""
    try:
        kind, run = _STEPS[arguments[0]]
        run(parse(kind, arguments[1:]))
    except StepError as error:
        sys.stdout.flush()
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.stdout.flush()
        sys.exit(f"error: {error.filename or 'the step'}: {error.strerror or error}")
