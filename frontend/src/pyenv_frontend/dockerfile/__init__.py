"""A Dockerfile as a tuple of nodes that loses nothing: bytes in, bytes out, no input or output of its own.

`parse` gives a `Document`; joined, the texts of its nodes are the file. BuildKit's parser is the source of truth
for where an instruction starts and ends; the modules below name the part of it they follow and, where they differ,
how. Unknown instructions, PYENV among them, are instructions like any other.
"""

from pyenv_frontend.dockerfile.nodes import Blank, Comment, Directive, Document, Instruction, Node
from pyenv_frontend.dockerfile.parser import DocumentError, parse

__all__ = ["Blank", "Comment", "Directive", "Document", "DocumentError", "Instruction", "Node", "parse"]
