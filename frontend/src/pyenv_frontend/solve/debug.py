"""`--build-arg PYENV_FRONTEND_DEBUG=1`: the expanded file and the times of a build, shown as warnings.

A frontend has no other way to send text to the client: its stderr is the engine's log.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit.api import Notice
from pyenv_frontend.expansion.layer_limit import limited_ways

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyenv_frontend.expansion.expand import Step
    from pyenv_frontend.solve.expanded_build import ExpandedBuild
    from pyenv_frontend.solve.session import BuildSession

__all__ = ["Clock", "show"]


class Clock:
    """Measures the stages of a build in milliseconds."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.laps = [("start", 1000 * time.process_time())]

    def lap(self, name: str) -> None:
        """Record the end of a stage."""
        now = time.perf_counter()
        self.laps.append((name, 1000 * (now - self._last)))
        self._last = now


def show(session: BuildSession, builds: Sequence[ExpandedBuild], steps: Sequence[Sequence[Step]], clock: Clock) -> None:
    """Send the expanded files and the times.

    Args:
        session: the build.
        builds: what is built.
        steps: for each of these its generated steps as they are built.
        clock: the times.
    """
    times = ", ".join(f"{name} {milliseconds:.0f} ms" for name, milliseconds in clock.laps)
    texts = [f"PYENV_FRONTEND_DEBUG: {times}"]
    for build, built in zip(builds, steps, strict=True):
        platform = f" for {build.platform}" if build.platform else ""
        text = build.expansion.source.decode("utf-8", "replace")
        ways = limited_ways(build.expansion.ways, build.expansion.steps, built)
        texts += [f"PYENV_FRONTEND_DEBUG: {way}{platform}" for way in ways]
        texts.append(f"PYENV_FRONTEND_DEBUG: the expanded Dockerfile{platform}:\n{text}")
    for reply in [session.bridge.warn(Notice(step=session.file.step, short=text)) for text in texts]:
        reply.get()
