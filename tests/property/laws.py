"""Properties of every document, whatever its bytes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pyenv_frontend.dockerfile import words
from pyenv_frontend.dockerfile.directives import detect, detect_syntax

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenv_frontend.dockerfile import Document, Instruction, Node
    from pyenv_frontend.positions import Logical


def assert_lossless(document: Document, source: bytes) -> None:
    """Assert that the nodes' texts form the whole file, and that spans and lines agree."""
    assert b"".join(node.text for node in document.nodes) == source
    line, offset = 1, 0
    for node in document.nodes:
        assert_whole_lines(node, line, offset)
        line, offset = node.lines.last + 1, node.span.end


def assert_whole_lines(node: Node, line: int, offset: int) -> None:
    """Assert that a node starts where the previous one ends, and that its lines match its bytes."""
    assert node.span.start == offset < node.span.end
    assert node.lines.first == line <= node.lines.last
    assert node.file.lines_of(node.span) == node.lines
    assert node.file.data[: node.span.start].count(b"\n") == line - 1


def assert_sound(instruction: Instruction) -> None:
    """Assert that each part of an instruction maps to the right bytes of the file."""
    parts = [instruction.logical, instruction.command.keyword, instruction.arguments]
    parts += words.split(instruction.arguments, instruction.escape)
    parts += [flag.text for flag in instruction.flags]
    parts += [heredoc.marker for heredoc in instruction.heredocs] + [heredoc.body for heredoc in instruction.heredocs]
    if instruction.trigger:
        parts += [instruction.trigger.keyword, instruction.trigger.arguments]
    for part in parts:
        assert_mapped(part)
        assert instruction.span.start <= part.span.start <= part.span.end <= instruction.span.end


def assert_mapped(text: Logical) -> None:
    """Assert that each offset leads to the same byte as its index, and that offsets increase."""
    offsets = [text.offset(index) for index in range(len(text))]
    assert bytes(text.file.data[offset] for offset in offsets) == text.text
    assert offsets == sorted(set(offsets))


def ask_everything(document: Document) -> None:
    """Use all properties of a document."""
    assert_lossless(document, document.file.data)
    for instruction in document.instructions:
        assert_sound(instruction)
    for node in (
        detect_syntax(document.file.data),
        *(detect(document.file.data, name) for name in ("check", "escape")),
    ):
        assert node is None or (node.value and node.line >= 1)


def steps(work: Callable[[], object]) -> int:
    """Count the calls of Python and C functions, as a reproducible measure of time."""
    count = 0

    def step(*_: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(step)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
