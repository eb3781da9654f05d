"""The inputs of a lock, as names and digests: the lock fits as long as they are the same.

Pure. The command line makes a lock from them, a build compares them with those in the lock; neither needs a network.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from pyenv_frontend.pyenv.options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_frontend.pyenv.options import OptionSpec

__all__ = ["changes", "lock_inputs"]


def lock_inputs(pyenv: Pyenv, requirements: RequirementInputs) -> dict[str, str]:
    """Return what an environment is resolved from: a digest or a short text for each input.

    Args:
        pyenv: the instruction.
        requirements: its requirements, with every file that they name.
    """
    words = [word for spec in OPTIONS if spec.resolves for word in _words(spec, getattr(pyenv.options, spec.field))]
    words += [f"{file.kind}:{file.path}" for file in pyenv.requirements]
    inputs = {"Python": pyenv.version.text, "options": _digest(json.dumps(words).encode())}
    if pyenv.inline is not None:
        inputs["the heredoc"] = _digest(_normalized(pyenv.inline))
    inputs |= {path: _digest(_normalized(requirements.contents[path].data)) for path in requirements.files}
    return inputs


def _words(spec: OptionSpec, value: str | bool | tuple[str, ...]) -> list[str]:
    """Return the values of an option; files among them count with their content as well."""
    values = value if isinstance(value, tuple) else (value,)
    return [f"{spec.name}={item}" for item in values if item]


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Describe the differences between inputs: `requirements.txt changed`."""
    sentences = []
    for name in {**after, **before}:
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if old is None:
            sentences.append(f"{name} is new")
        elif new is None:
            sentences.append(f"{name} is gone")
        elif name == "Python":
            sentences.append(f"Python {old} became {new}")
        else:
            sentences.append(f"{name} changed")
    return sentences


def _normalized(content: bytes) -> bytes:
    """Normalize line endings, which differ between checkouts of one file on Windows and Linux."""
    return content.replace(b"\r\n", b"\n")


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
