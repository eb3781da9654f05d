"""The user's file without its PYENVs: same lines, nothing generated.

The line of a PYENV sets its variables, and Docker's frontend needs no more of it. The keyword has the case
of the file's other keywords, so that the result of no rule about keywords changes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenv_frontend.dockerfile import Comment, Instruction

if TYPE_CHECKING:
    from pyenv_frontend.dockerfile import Document, Node
    from pyenv_frontend.stages.program import Program

__all__ = ["blanked", "named_last_stage", "without_comments"]

_TARGET = "pyenv-frontend-target"
_SETTING = re.compile(rb"\s*#\s*check\s*=", re.IGNORECASE)


def blanked(program: Program) -> bytes:
    """Return the file without its PYENVs, with the variables of those that can be read."""
    return _Blanking(program).text()


def named_last_stage(program: Program) -> tuple[bytes, str]:
    """Return the same and the name of the last stage, which is added if it has none.

    Without a target, every stage would be linted, whether it is built or not.
    """
    blanking = _Blanking(program)
    text = bytearray()
    insert_at, target, word = 0, "", b""
    for node in program.document.nodes:
        if isinstance(node, Instruction) and node.name == "FROM":
            words = node.arguments.text.split()
            named = len(words) == 3  # FROM image AS name
            target = words[2].decode("utf-8", "replace") if named else _TARGET
            word = b"" if named else b" as " if node.keyword.islower() else b" AS "
            insert_at = len(text) + node.arguments.span.end - node.span.start
        text += blanking.node(node)
    if word:
        text[insert_at:insert_at] = word + _TARGET.encode()
    return bytes(text), target


def without_comments(document: Document) -> bytes:
    """Return a file with blank lines in place of its comments, except settings of Docker's linter."""
    return b"".join(
        b"\n" * node.text.count(b"\n") if isinstance(node, Comment) and not _SETTING.match(node.text) else node.text
        for node in document.nodes
    )


class _Blanking:
    def __init__(self, program: Program) -> None:
        self._document = program.document
        self._pyenvs = {
            environment.pyenv.instruction.span.start: environment.pyenv
            for environment in program.environments
            if not environment.pyenv.onbuild
        }
        keywords = [instruction.keyword for instruction in program.document.instructions if not instruction.is_pyenv]
        self._keyword = b"env" if sum(map(bytes.islower, keywords)) > len(keywords) / 2 else b"ENV"

    def text(self) -> bytes:
        return b"".join(map(self.node, self._document.nodes))

    def node(self, node: Node) -> bytes:
        if not (isinstance(node, Instruction) and node.is_pyenv):
            return node.text
        pyenv = self._pyenvs.get(node.span.start)
        pairs = [f"{name}=/".encode() for name in pyenv.name.variables] if pyenv else []
        return b" ".join([self._keyword, *pairs] if pairs else []) + b"\n" * node.text.count(b"\n")
