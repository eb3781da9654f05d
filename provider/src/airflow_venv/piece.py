"""Lines of a DAG file, as they are compiled elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Piece"]


@dataclass(frozen=True)
class Piece:
    """A run of whole lines of a file, to be compiled so that tracebacks name that file and those lines."""

    text: str
    """The lines; what must not run (task decorators, annotations) is already blank."""
    filename: str
    first_line: int
    """1-based number of the first line of `text` in the file."""
    indented: bool = False
    """Whether the lines are indented: compile under an `if 1:` one line above."""
    future: tuple[str, ...] = ()
    """Names of the `__future__` features that are in force in the file, such as `annotations`."""

    def compilable(self) -> str:
        """Return the text with as many lines before it as the file has, so that line numbers stay true."""
        if not self.indented:
            return "\n" * (self.first_line - 1) + self.text
        return "\n" * (self.first_line - 2) + "if 1:\n" + self.text
