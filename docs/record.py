"""Record what a command shows on a terminal, as an animated SVG: `python docs/record.py OUT.svg 'shown' COMMAND ...`.

The command runs in a terminal of its own; every picture that it draws is kept with its time. Of terminals only that
much is understood that the project's own commands use: lines, carriage returns, going up, clearing a line.
"""

# ruff: noqa: INP001 - a script, and no package
from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import termios
import time
from html import escape
from pathlib import Path

COLUMNS, ROWS = 96, 30
CELL_X, CELL_Y = 7.85, 17
STEP = 0.25
"""Seconds between two pictures at least."""

_TOKEN = re.compile(r"\x1b\[(?P<number>[0-9;?]*)(?P<code>[A-Za-z])|(?P<control>[\r\n])|(?P<text>[^\x1b\r\n]+)|\x1b")


class Screen:
    """Lines of text and a cursor."""

    def __init__(self) -> None:
        self.lines: list[str] = [""]
        self.row = self.column = 0

    def write(self, output: str) -> None:
        """Take in what a program has written."""
        for token in _TOKEN.finditer(output):
            if token["text"]:
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[: self.column] + token["text"] + line[self.column + len(token["text"]) :]
                self.column += len(token["text"])
            elif token["control"] == "\r":
                self.column = 0
            elif token["control"] == "\n":
                self.row += 1
                self.lines += [""] * (self.row + 1 - len(self.lines))
            elif token["code"] == "A":
                self.row = max(0, self.row - int(token["number"] or 1))
            elif token["code"] == "K":
                self.lines[self.row] = ""


def record(command: list[str]) -> list[tuple[float, list[str]]]:
    """Run a command; the pictures that it drew, with the seconds since its start."""
    reading, writing = pty.openpty()
    termios.tcsetwinsize(writing, (ROWS, COLUMNS))
    environ = {**os.environ, "COLUMNS": str(COLUMNS), "LINES": str(ROWS), "TERM": "xterm"}
    process = subprocess.Popen(command, stdin=writing, stdout=writing, stderr=writing, env=environ)
    os.close(writing)
    screen, frames, began = Screen(), [], time.monotonic()
    while True:
        try:
            piece = os.read(reading, 65536)
        except OSError:  # the other end is closed
            break
        screen.write(piece.decode("utf-8", "replace"))
        now = time.monotonic() - began
        if not frames or now - frames[-1][0] >= STEP:
            frames.append((now, list(screen.lines)))
    process.wait()
    return [*frames, (time.monotonic() - began, list(screen.lines))]


def draw(frames: list[tuple[float, list[str]]], shown: str) -> str:
    """The SVG: one group per picture, each visible for its time, the last one for three seconds."""
    total = frames[-1][0] + 3
    high = (max(len(lines) for _, lines in frames) + 2) * CELL_Y
    wide = COLUMNS * CELL_X + 20
    groups = []
    for number, (start, lines) in enumerate(frames):
        end = frames[number + 1][0] if number + 1 < len(frames) else total
        rows = "".join(
            f'<text x="10" y="{(row + 2.2) * CELL_Y:.0f}">{escape(line)}</text>'
            for row, line in enumerate(lines)
            if line
        )
        times = f"0;{start / total:.4f};{end / total:.4f};1"
        values = "hidden;visible;hidden;hidden" if number + 1 < len(frames) else "hidden;visible;visible;visible"
        groups.append(
            f'<g visibility="{"visible" if number + 1 == len(frames) else "hidden"}">{rows}<animate '
            f'attributeName="visibility" values="{values}" keyTimes="{times}" dur="{total:.1f}s" '
            'calcMode="discrete" repeatCount="indefinite"/></g>'
        )
    style = 'font-family="ui-monospace,Menlo,Consolas,monospace" font-size="13" fill="#d8dee9" xml:space="preserve"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high}" width="{wide:.0f}" height="{high}">\n'
        f'<rect width="100%" height="100%" rx="6" fill="#2e3440"/>\n<g {style}>\n'
        f'<text x="10" y="{CELL_Y * 1.2:.0f}" fill="#a3be8c">$ {escape(shown)}</text>\n'
        + "\n".join(groups)
        + "\n</g>\n</svg>\n"
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(draw(record(sys.argv[3:]), sys.argv[2]))
