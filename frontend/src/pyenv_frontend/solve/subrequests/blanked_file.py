"""The user's file with nothing on the lines of its PYENVs: its lines are the user's, and nothing in it is generated."""

from __future__ import annotations

__all__ = ["blanked", "named_last_stage"]

from typing import TYPE_CHECKING

from pyenv_frontend.dockerfile import Instruction

if TYPE_CHECKING:
    from pyenv_frontend.dockerfile import Document, Node

_TARGET = "pyenv-frontend-target"


def blanked(document: Document) -> bytes:
    """Return the file with blank lines in the place of its PYENVs."""
    return b"".join(map(_blank, document.nodes))


def _blank(node: Node) -> bytes:
    return b"\n" * node.text.count(b"\n") if isinstance(node, Instruction) and node.is_pyenv else node.text


def named_last_stage(document: Document) -> tuple[bytes, str]:
    """Return the blanked file and the name of its last stage, which is added if it has none.

    Without a target, every stage would be linted, whether it is built or not.
    """
    text = bytearray()
    insert_at, target, word = 0, "", b""
    for node in document.nodes:
        if isinstance(node, Instruction) and node.name == "FROM":
            words = node.arguments.text.split()
            named = len(words) == 3  # FROM image AS name
            target = words[2].decode("utf-8", "replace") if named else _TARGET
            word = b"" if named else b" as " if node.keyword.islower() else b" AS "
            insert_at = len(text) + node.arguments.span.end - node.span.start
        text += _blank(node)
    if word:
        text[insert_at:insert_at] = word + _TARGET.encode()
    return bytes(text), target
