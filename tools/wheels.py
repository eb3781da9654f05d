"""Build wheels of this checkout's distributions."""

import sys
import tempfile
from pathlib import Path

from tools.state import ROOT, folder, lock, run

__all__ = ["provider_wheel"]


def provider_wheel() -> Path:
    """Build the provider's wheel, and return a folder that contains only this wheel.

    The same sources result in the same wheel, so that builds that mount the folder stay cached.

    Raises:
        Unavailable: the build failed.
    """
    name = ROOT.as_posix().strip("/").replace("/", "-")
    into = folder("wheels", name)
    with lock(f"wheels-{name}"), tempfile.TemporaryDirectory(dir=into.parent) as scratch:
        run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", scratch], cwd=ROOT / "provider")
        (wheel,) = Path(scratch).iterdir()
        # Other processes of this checkout may read the wheel, so it is replaced atomically.
        wheel.replace(into / wheel.name)
        for old in into.glob("*.whl"):
            if old.name != wheel.name:
                old.unlink()
    return into
