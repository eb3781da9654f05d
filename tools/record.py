"""Record the terminal output of commands as an animated SVG.

The commands run in a pseudo-terminal whose output pyte interprets. Each picture of the screen is stored with its time.
For each line of the screen, the SVG contains every text that the line had once, with the times at which it is visible.
Programs that cannot play animations show the last picture.
"""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import termios
import time
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

CELL_X, CELL_Y, MARGIN, BAR = 7.8, 17, 14, 30
STEP = 0.2
"""Minimum number of seconds between two pictures."""

LONGEST, LAST = 12.0, 4.0
"""Maximum length of the animation, which shows a longer recording faster, and time of its last picture, in seconds."""

PICTURES = 40
"""Approximate maximum number of pictures in the animation."""

PROMPT = "\x1b[32m$\x1b[0m \x1b[1m{}\x1b[0m\r\n"
COLOURS = {
    "default": "#d8dee9", "black": "#4c566a", "red": "#e0787f", "green": "#a3be8c", "brown": "#ebcb8b",
    "blue": "#81a1c1", "magenta": "#b48ead", "cyan": "#88c0d0", "white": "#e5e9f0", "brightblack": "#7b88a1",
}  # fmt: skip

Span = tuple[int, str, str, bool]
"""Part of a line: its first column, its text, its colour, and whether it is bold."""

Picture = tuple[tuple[Span, ...], ...]


@dataclass(slots=True)
class Recorder:
    """A terminal and the recording of its output.

    Args:
        columns: the width of the terminal and of the SVG.
        rows: the height of the terminal. The SVG is as high as the output.
        hide: texts to replace in the output, with their replacements.
    """

    columns: int = 100
    rows: int = 60
    hide: Mapping[str, str] = field(default_factory=dict)
    frames: list[tuple[float, Picture]] = field(default_factory=list)
    _now: float = 0.0
    _screen: pyte.Screen = field(init=False)
    _stream: pyte.Stream = field(init=False)

    def __post_init__(self) -> None:
        """Create the screen of the terminal."""
        self._screen = pyte.Screen(self.columns, self.rows)
        self._stream = pyte.Stream(self._screen)

    def show(
        self,
        shown: str,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        code: int = 0,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Show a command at the prompt, run it, and record its output.

        Args:
            shown: the text at the prompt: the command as readers would type it.
            command: the command to run.
            cwd: the working folder.
            code: the expected exit code.
            env: environment variables in addition to those of this process.

        Raises:
            RuntimeError: the command has ended with another exit code.
        """
        self._stream.feed(PROMPT.format(shown))
        self._keep(self._now)
        reading, writing = pty.openpty()
        termios.tcsetwinsize(writing, (self.rows, self.columns))
        environ = {**os.environ, "TERM": "xterm-256color", **(env or {})}
        environ |= {"COLUMNS": str(self.columns), "LINES": str(self.rows)}
        controlling = _controlling(writing)
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environ,
            stdin=writing,
            stdout=writing,
            stderr=writing,
            start_new_session=True,
            preexec_fn=controlling,  # noqa: PLW1509 - there are no threads here
        )
        os.close(writing)
        began, offset = time.monotonic(), self._now + 0.6  # time to read the command
        with os.fdopen(reading, "rb", buffering=0) as output:
            while piece := _read(output.fileno()):
                self._feed(piece)
                self._now = offset + time.monotonic() - began
                if self._now - self.frames[-1][0] >= STEP:
                    self._keep(self._now)
        if process.wait() != code:
            message = f"{shown} ended with {process.returncode}, not {code}:\n{self._visible()}"
            raise RuntimeError(message)
        self._now = offset + time.monotonic() - began
        self._keep(self._now)

    def say(self, text: str) -> None:
        """Write a text to the terminal, such as an empty line between commands."""
        self._stream.feed(text.replace("\n", "\r\n"))

    def _visible(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    def svg(self) -> str:
        """Return the recording as SVG."""
        return _svg(self.frames, self.columns)

    def _feed(self, piece: bytes) -> None:
        text = piece.decode("utf-8", "replace")
        for secret, instead in self.hide.items():
            text = text.replace(secret, instead)
        self._stream.feed(text)

    def _keep(self, now: float) -> None:
        lines = [self._line(self._screen.buffer[row]) for row in range(self.rows)]
        while lines and not lines[-1]:
            lines.pop()
        self.frames.append((now, tuple(lines)))

    def _line(self, cells: Mapping[int, pyte.screens.Char]) -> tuple[Span, ...]:
        spans: list[Span] = []
        for column in range(self.columns):
            cell = cells[column]
            if cell.data == " " and (not spans or spans[-1][0] + len(spans[-1][1]) != column):
                continue
            colour = COLOURS.get(cell.fg) or (f"#{cell.fg}" if len(cell.fg) == 6 else COLOURS["default"])
            if spans and spans[-1][0] + len(spans[-1][1]) == column and spans[-1][2:] == (colour, cell.bold):
                spans[-1] = (spans[-1][0], spans[-1][1] + cell.data, colour, cell.bold)
            elif cell.data != " ":
                spans.append((column, cell.data, colour, cell.bold))
        return tuple((at, text.rstrip(), colour, bold) for at, text, colour, bold in spans)


def _controlling(terminal: int) -> Callable[[], object]:
    """Return a function that makes a terminal the controlling one. Without one, Docker's client shows plain lines."""
    return lambda: fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the command has closed its end of the terminal
        return b""


def _svg(frames: list[tuple[float, Picture]], columns: int) -> str:
    factor = max(1.0, frames[-1][0] / LONGEST)
    frames = _fewer(frames)
    total = frames[-1][0] / factor + LAST
    ends = [start / factor for start, _ in frames[1:]] + [total]
    seen: dict[tuple[int, tuple[Span, ...]], list[tuple[float, float]]] = {}
    for (start, picture), end in zip(frames, ends, strict=True):
        for row, line in enumerate(picture):
            times = seen.setdefault((row, line), [])
            if times and times[-1][1] == start / factor:
                times[-1] = (times[-1][0], end)
            elif line:
                times.append((start / factor, end))
    high = BAR + max(len(picture) for _, picture in frames) * CELL_Y + MARGIN
    wide = columns * CELL_X + 2 * MARGIN
    rows = [_row(row, line, times, total) for (row, line), times in seen.items() if line]
    lines = [line for line, _ in rows]
    rules = dict(rule for _, rule in rows)
    dots = "".join(f'<circle cx="{MARGIN + 5 + 16 * n}" cy="15" r="4.5" fill="#4c566a"/>' for n in range(3))
    speed = f'<text x="{wide - MARGIN}" y="19" text-anchor="end" fill="#7b88a1">{factor:.0f}&#215;</text>'
    style = 'font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13" xml:space="preserve"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high}" width="{wide:.0f}" height="{high}">\n'
        f"{_style(rules.values(), total)}\n"
        f'<rect width="100%" height="100%" rx="7" fill="#2e3440"/>{dots}\n'
        f"<g {style}>{speed if factor >= 1.5 else ''}\n" + "\n".join(lines) + "\n</g>\n</svg>\n"
    )


def _fewer(frames: list[tuple[float, Picture]]) -> list[tuple[float, Picture]]:
    """Return the first and the last picture, and those in between that are far enough apart."""
    apart, shown = frames[-1][0] / PICTURES, frames[:1]
    for frame in frames[1:-1]:
        if frame[0] - shown[-1][0] >= apart:
            shown.append(frame)
    return [*shown, frames[-1]]


def _row(
    row: int, line: tuple[Span, ...], times: list[tuple[float, float]], total: float
) -> tuple[str, tuple[str, str]]:
    """Return the SVG of a line, and the name and the CSS rule of its animation, which are empty if it has none.

    Args:
        row: the number of the line on the screen, from 0.
        line: the parts of the line.
        times: start and end of each time at which it is visible, in seconds.
        total: the length of the animation in seconds.
    """
    y = BAR + (row + 0.8) * CELL_Y
    pieces = "".join(
        f'<text x="{MARGIN + at * CELL_X:.1f}" y="{y:.0f}" fill="{colour}"{" font-weight='bold'" if bold else ""}>'
        f"{escape(text)}</text>"
        for at, text, colour, bold in line
    )
    if times == [(0.0, total)]:
        return f"<g>{pieces}</g>", ("", "")
    keys, values = [0.0], ["hidden"]
    for start, end in times:
        keys += [start / total, end / total]
        values += ["visible", "hidden"]
    if keys[1] == 0:
        keys, values = keys[1:], values[1:]
    last = times[-1][1] == total
    if last:
        keys, values = keys[:-1], values[:-1]
    name, rule = _keyframes(keys, values)
    return f'<g visibility="{values[-1]}" style="animation-name:{name}">{pieces}</g>', (name, rule)


def _keyframes(keys: Sequence[float], values: Sequence[str]) -> tuple[str, str]:
    """Return the name and the CSS rule of an animation that sets the visibility at fractions of its length."""
    name = f"{values[0][0]}{'-'.join(f'{key * 10000:.0f}' for key in keys)}"
    steps = "".join(f"{key * 100:.2f}%{{visibility:{value}}}" for key, value in zip(keys, values, strict=True))
    return name, f"@keyframes {name}{{{steps}}}"


def _style(rules: Iterable[str], seconds: float) -> str:
    """Return the style of a recording, which plays once and then shows its last picture.

    Users who prefer reduced motion see the last picture at once.
    """
    plays = f"g[style]{{animation-duration:{seconds:.1f}s;animation-timing-function:step-end}}"
    still = "@media (prefers-reduced-motion:reduce){g[style]{animation-duration:0s}}"
    return f"<style>{''.join(rules)}{plays}{still}</style>"
