"""The nodes of a document: directives, comments, blank lines and instructions, each made of whole lines.

Joined, the texts of the nodes are the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.dockerfile.command import split_command
from pyenv_frontend.positions import Location

if TYPE_CHECKING:
    from pyenv_frontend.dockerfile.command import Command, Flag
    from pyenv_frontend.dockerfile.heredocs import Heredoc
    from pyenv_frontend.positions import Lines, Logical, SourceFile, Span

__all__ = ["Blank", "Comment", "Directive", "Document", "Instruction", "Node"]


class Node:
    """Whole lines of a file that belong together.

    Args:
        file: the file.
        span: from the start of the first line to behind the end of the last.
        lines: the numbers of the lines.
    """

    __slots__ = ("file", "lines", "span")

    def __init__(self, file: SourceFile, span: Span, lines: Lines) -> None:
        self.file = file
        self.span = span
        self.lines = lines

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.lines.first}-{self.lines.last}: {self.text[:40]!r})"

    @property
    def text(self) -> bytes:
        """The bytes of the file, unchanged."""
        return self.file.data[self.span.start : self.span.end]

    @property
    def location(self) -> Location:
        """The whole node as a location for an error."""
        return Location(self.file, self.span)


class Blank(Node):
    """One line of white space."""

    __slots__ = ()


class Comment(Node):
    """One line that starts with `#` and is not a directive."""

    __slots__ = ()


class Directive(Node):
    """One line such as `# escape=`.

    Args:
        file: the file.
        span: the line.
        lines: its number, twice.
        name: the directive in small letters: `syntax`, `escape` or `check`.
        value: what follows `=`, blanks around it off.
    """

    __slots__ = ("name", "value")

    def __init__(self, file: SourceFile, span: Span, lines: Lines, name: str, value: bytes) -> None:
        super().__init__(file, span, lines)
        self.name = name
        self.value = value


class Instruction(Node):
    """One instruction with its continuation lines, what stands between them, and its heredocs.

    Args:
        file: the file.
        span: all its lines.
        lines: their numbers, as BuildKit reports them.
        logical: the instruction as one line: continuations, comments and blank lines between them taken out.
        escape: the file's escape token.
    """

    __slots__ = ("_command", "escape", "heredocs", "logical", "name")

    def __init__(self, file: SourceFile, span: Span, lines: Lines, logical: Logical, escape: bytes) -> None:
        super().__init__(file, span, lines)
        self.logical = logical
        self.escape = escape
        self.heredocs: tuple[Heredoc, ...] = ()
        """In the order they were opened; the lines and the span above have them in."""
        self._command: Command | None = None
        keyword = (logical.text.split(None, 1) or (b"",))[0]
        self.name = keyword.decode().upper() if keyword.isascii() else self.command.name
        """The keyword in capitals; empty for an instruction of nothing but continuations."""

    @property
    def command(self) -> Command:
        """Keyword, flags and arguments, split on first use: few instructions need it."""
        if self._command is None:
            self._command = split_command(self.logical, self.escape)
        return self._command

    @property
    def keyword(self) -> bytes:
        """The keyword as written."""
        return self.command.keyword.text

    @property
    def flags(self) -> tuple[Flag, ...]:
        """The `--name[=value]` words in front of the arguments."""
        return self.command.flags

    @property
    def arguments(self) -> Logical:
        """What follows the flags, without white space around it."""
        return self.command.arguments

    @property
    def title(self) -> str:
        """The instruction in one line, without its heredocs' text: what steps and errors call it."""
        return " ".join(self.logical.text.decode("utf-8", "replace").split())

    @property
    def is_pyenv(self) -> bool:
        """Whether it is a PYENV or an ONBUILD PYENV."""
        trigger = self.trigger
        return self.name == "PYENV" or (trigger is not None and trigger.name == "PYENV")

    @property
    def trigger(self) -> Command | None:
        """The parsed instruction of an ONBUILD; None for any other instruction."""
        return split_command(self.arguments, self.escape) if self.name == "ONBUILD" and self.arguments else None


class Document:
    """A file as its nodes.

    Args:
        file: the file.
        nodes: in order; joined, their texts are the file.
        escape: the escape token in force.
    """

    __slots__ = ("escape", "file", "nodes")

    def __init__(self, file: SourceFile, nodes: tuple[Node, ...], escape: bytes) -> None:
        self.file = file
        self.nodes = nodes
        self.escape = escape

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """The instructions alone."""
        return tuple(node for node in self.nodes if isinstance(node, Instruction))

    @property
    def directives(self) -> dict[str, Directive]:
        """The parser directives by name."""
        return {node.name: node for node in self.nodes if isinstance(node, Directive)}
