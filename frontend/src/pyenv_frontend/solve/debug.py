"""`--build-arg PYENV_FRONTEND_DEBUG=1`: what the frontend made of the file, and how long it took, among the warnings.

A frontend has no other way to say something to the client: its stderr is the engine's log.
"""

from __future__ import annotations

__all__ = ["Clock", "show"]

import time
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit.api import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyenv_frontend.solve.expanded_build import ExpandedBuild
    from pyenv_frontend.solve.session import BuildSession


class Clock:
    """Milliseconds from one stage of a build to the next."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.laps = [("start", 1000 * time.process_time())]

    def lap(self, name: str) -> None:
        """Note that a stage is over."""
        now = time.perf_counter()
        self.laps.append((name, 1000 * (now - self._last)))
        self._last = now


def show(session: BuildSession, builds: Sequence[ExpandedBuild], clock: Clock) -> None:
    """Send the expanded files and the times."""
    times = ", ".join(f"{name} {milliseconds:.0f} ms" for name, milliseconds in clock.laps)
    texts = [f"PYENV_FRONTEND_DEBUG: {times}"]
    for each in builds:
        platform = f" for {each.platform}" if each.platform else ""
        text = each.expansion.source.decode("utf-8", "replace")
        texts += [f"PYENV_FRONTEND_DEBUG: {way}{platform}" for way in each.expansion.ways]
        texts.append(f"PYENV_FRONTEND_DEBUG: the expanded Dockerfile{platform}:\n{text}")
    for reply in [session.bridge.warn(Notice(step=session.file.step, short=text)) for text in texts]:
        reply.get()
