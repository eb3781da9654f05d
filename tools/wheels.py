"""Build wheels of this checkout's distributions."""

import sys
import tempfile
from pathlib import Path

from tools import interpreters
from tools.state import ROOT, folder, lock, run

__all__ = ["install", "provider_wheel", "wheel_of"]


def provider_wheel() -> Path:
    """Build the provider's wheel, and return a folder that contains only this wheel.

    The same sources result in the same wheel, so that builds that mount the folder stay cached.

    Raises:
        Unavailable: the build failed.
    """
    name = ROOT.as_posix().strip("/").replace("/", "-")
    into = folder("wheels", name)
    with lock(f"wheels-{name}"), tempfile.TemporaryDirectory(dir=into.parent) as scratch:
        wheel = wheel_of("provider", Path(scratch))
        # Other processes of this checkout may read the wheel, so it is replaced atomically.
        wheel.replace(into / wheel.name)
        for old in into.glob("*.whl"):
            if old.name != wheel.name:
                old.unlink()
    return into


def wheel_of(half: str, into: Path) -> Path:
    """Build the wheel of a distribution in an empty or new folder, and return its path.

    Args:
        half: the folder of the distribution, `frontend` or `provider`.
        into: the folder of the wheel.

    Raises:
        Unavailable: the build failed.
    """
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", into], cwd=ROOT / half)
    (wheel,) = into.iterdir()
    return wheel


def install(wheel: Path, into: Path, python: Path | None = None) -> Path:
    """Install a wheel with its dependencies into a new environment, and return the folder of its commands.

    Args:
        wheel: the wheel.
        into: the folder of the environment.
        python: the interpreter; None for that of the development environment.

    Raises:
        Unavailable: the dependencies cannot be had.
    """
    uv = interpreters.uv()
    run([uv, "venv", "-q", "--no-project", "--python", python or sys.executable, into])
    run([uv, "pip", "install", "-q", "--python", into / "bin/python", wheel], timeout=600)
    run([uv, "pip", "check", "--python", into / "bin/python"])
    return into / "bin"
