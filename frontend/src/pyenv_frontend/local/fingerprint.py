"""The inputs of an environment as digests: it is made again when one of them changes, and only then."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from pyenv_frontend.expansion.steps import environment_options
from pyenv_frontend.inputs.build_context import BuildContext, NotInContextError
from pyenv_image.step_options import to_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pyenv_frontend.inputs.resolve import RequirementInputs
    from pyenv_frontend.pyenv.instruction import Pyenv

__all__ = ["Fingerprint", "LocalContext", "fingerprint_of"]

_LAYOUT: Final = "2"
"""Increased when environments of an older version of this package have to be made again."""

_MADE_BY_BUILDS: Final = frozenset({".git", ".pyenv", ".pyenv-frontend", "__pycache__", "build"})
"""Names in a local package's folder that are no source: builds leave them there."""


class LocalContext(BuildContext, Protocol):
    """A build context on this machine."""

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a file of any size: wheels and data of packages are not read otherwise.

        Raises:
            NotInContextError: there is no such file, or it is a directory.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """The parts of one environment: a readable name for each, and a digest or short text."""

    parts: Mapping[str, str]

    @property
    def digest(self) -> str:
        """One digest of all parts."""
        return _digest(json.dumps(sorted(self.parts.items())).encode())


def fingerprint_of(pyenv: Pyenv, closure: RequirementInputs, context: LocalContext, folder: Path) -> Fingerprint:
    """Collect the parts of an environment.

    Args:
        pyenv: the instruction.
        closure: what its requirements refer to.
        context: the build context.
        folder: where the environment goes; a part with pip only, whose scripts name their Python.
    """
    options = pyenv.options
    contents = replace(environment_options(pyenv, closure.step_inputs), lines=(), no_compile=False)
    words = to_arguments(contents)
    words += ["offline"] if options.network == "none" else []
    words += [str(folder)] if options.installer == "pip" else []
    parts = {"layout": _LAYOUT, "Python": pyenv.version.text, "options": json.dumps(words)}
    if pyenv.inline is not None:
        parts["the heredoc"] = _digest(pyenv.inline)
    parts |= {path: _digest(closure.contents[path].data) for path in closure.files}
    parts |= {f"{path}/": _tree(context, "" if path == "." else path) for path in closure.trees}
    return Fingerprint(parts=parts)


def _tree(context: LocalContext, path: str) -> str:
    """Return the digest of a file or folder: of the names and contents below it."""
    total = hashlib.sha256()
    for name, digest in _walk(context, path):
        total.update(f"{len(name)} {name} {digest}\n".encode())
    return total.hexdigest()


def _walk(context: LocalContext, path: str) -> Iterator[tuple[str, str]]:
    try:
        yield path, context.digest(path)
    except NotInContextError:
        for name in context.names(path):
            if name not in _MADE_BY_BUILDS and not name.endswith(".egg-info"):
                yield from _walk(context, f"{path}/{name}" if path else name)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
