"""Wheels of this checkout's own distributions."""

import sys
import tempfile
from pathlib import Path

from tools.state import ROOT, folder, lock, run

__all__ = ["provider_wheel"]


def provider_wheel() -> Path:
    """Build the provider's wheel and return the folder that holds it and nothing else.

    Equal sources give an equal wheel, so that a build which mounts the folder stays cached.

    Raises:
        Unavailable: the build failed.
    """
    name = ROOT.as_posix().strip("/").replace("/", "-")
    into = folder("wheels", name)
    with lock(f"wheels-{name}"), tempfile.TemporaryDirectory(dir=into.parent) as scratch:
        run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", scratch], cwd=ROOT / "provider")
        (wheel,) = Path(scratch).iterdir()
        # Another program of this checkout may be reading the wheel: it is there at every moment.
        wheel.replace(into / wheel.name)
        for old in into.glob("*.whl"):
            if old.name != wheel.name:
                old.unlink()
    return into
