"""Progress of environments: one line for each, rewritten on a terminal, appended elsewhere."""

from __future__ import annotations

import re
import shutil
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Self, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

__all__ = ["Progress"]

State = Literal["waiting", "working", "done", "failed"]
_SIGNS: Final[dict[str, str]] = {"waiting": "·", "done": "✓", "failed": "✗"}
_TURNING: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_COUNT: Final = re.compile(r" (\d+)/(\d+)")
_BAR: Final = 20
"""Cells of a progress bar."""

_WIDE: Final = 72
"""Columns of a terminal that is wide enough for a bar."""

_INTERVAL: Final = 0.1
"""Seconds between two updates."""


@dataclass(slots=True)
class _EnvironmentLine:
    text: str = "waiting"
    state: State = "waiting"
    since: float = 0.0

    def shown(self, now: float, *, bar: bool) -> str:
        if self.state != "working":
            return self.text
        counted = _COUNT.search(self.text)
        cells = _bar(int(counted[1]), int(counted[2])) if counted and bar else ""
        seconds = f" ({now - self.since:.0f} s)" if now - self.since >= 1 else ""
        return f"{cells}{self.text}{seconds}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _bar(done: int, total: int) -> str:
    filled = _BAR * done // max(total, 1)
    return "█" * filled + "░" * (_BAR - filled) + " "


@dataclass(slots=True)
class Progress:
    """The progress of several environments; a context manager that draws while it is open.

    Args:
        names: the environments, in the order of their lines.
        stream: where to.
        terminal: whether lines can be rewritten there.
    """

    names: Iterable[str]
    stream: TextIO
    terminal: bool
    _lines: dict[str, _EnvironmentLine] = field(init=False)
    _drawn: int = 0
    _stopped: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self._lines = {name: _EnvironmentLine() for name in self.names}
        if len(self._lines) >= shutil.get_terminal_size().lines:
            self.terminal = False  # lines that have scrolled away cannot be rewritten

    def __enter__(self) -> Self:
        """Start drawing."""
        if self.terminal and self._lines:
            self._thread = threading.Thread(target=self._keep_drawing, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Draw the final state."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()
            self._draw()

    def stop(self) -> None:
        """Mark unfinished environments as stopped, and ignore later updates."""
        with self._lock:
            self._stopped = True
            for line in self._lines.values():
                if line.state in {"waiting", "working"}:
                    line.text, line.state = "stopped", "failed"

    def say(self, name: str, text: str, state: State = "working") -> None:
        """Report the progress of an environment; an empty text changes nothing."""
        with self._lock:
            line = self._lines[name]
            if self._stopped or not text or (line.text, line.state) == (text, state):
                return
            begins = line.state != state
            line.since = time.monotonic() if begins else line.since
            line.text, line.state = text, state
            if not self.terminal and begins:  # only start and end; counts are for terminals
                print(f"{name}: {text}", file=self.stream, flush=True)

    def _keep_drawing(self) -> None:
        while not self._closed.wait(_INTERVAL):
            self._draw()

    def _draw(self) -> None:
        width = shutil.get_terminal_size().columns - 1
        widest = min(max(map(len, self._lines)), max(width // 3, 8))
        now = time.monotonic()
        with self._lock:
            turn = _TURNING[int(now / _INTERVAL) % len(_TURNING)]
            rows = [
                f"{_SIGNS.get(line.state, turn)} {_cut(name, widest):<{widest}}  {line.shown(now, bar=width >= _WIDE)}"
                for name, line in self._lines.items()
            ]
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        print(up + "".join(f"\x1b[2K{_cut(row, width)}\n" for row in rows), end="", file=self.stream, flush=True)
        self._drawn = len(rows)
