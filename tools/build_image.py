"""Build the frontend's image from this checkout: `python -m tools.build_image`."""

import sys

from tools import base_images
from tools import engine as engines
from tools.engine import Engine
from tools.state import ROOT, Unavailable, say

__all__ = ["FRONTEND", "FRONTEND_BASE", "build_frontend"]

FRONTEND = "pyenv-frontend:dev"
"""The frontend's name on the syntax lines of tests and examples."""
FRONTEND_BASE = "python:3.13-slim-bookworm"
"""What Dockerfile.frontend begins with."""


def build_frontend(engine: Engine, name: str = FRONTEND) -> None:
    """Build the frontend's image from this checkout.

    Raises:
        Unavailable: its base image cannot be had, or the build failed; the text carries the end of its log.
    """
    base_images.ensure(engine, FRONTEND_BASE)
    arguments = ["--network=host", "--progress=plain", f"--tag={name}", f"--file={ROOT / 'Dockerfile.frontend'}"]
    engine.run("buildx", "build", *arguments, str(ROOT), timeout=1200)


def main() -> int:
    """Build the frontend's image and say how large it is."""
    try:
        engine = engines.up()
        build_frontend(engine)
        size = int(engine.run("image", "inspect", "--format", "{{.Size}}", FRONTEND))
    except Unavailable as problem:
        say(f"image: {problem}")
        return 1
    print(f"image: {FRONTEND}, {size / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
