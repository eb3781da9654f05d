"""Wheels of this checkout's own distributions."""

import sys
from pathlib import Path

from tools.state import ROOT, folder, run

__all__ = ["provider_wheel"]


def provider_wheel() -> Path:
    """Build the provider's wheel and return the folder that holds it and nothing else.

    Equal sources give an equal wheel, so that a build which mounts the folder stays cached.

    Raises:
        Unavailable: the build failed.
    """
    into = folder("wheels", ROOT.as_posix().strip("/").replace("/", "-"))
    for old in into.glob("*.whl"):
        old.unlink()
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", into], cwd=ROOT / "provider")
    return into
