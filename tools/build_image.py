"""Build the frontend's image from this checkout: `python -m tools.build_image`."""

import sys

from tools import base_images
from tools import engine as engines
from tools.engine import Engine
from tools.state import ROOT, Unavailable, say

__all__ = ["FRONTEND", "FRONTEND_BASE", "build_frontend"]

FRONTEND = "pyenv-frontend:dev"
"""Name of the image on the syntax lines of tests and examples."""
FRONTEND_BASE = "python:3.13-slim-bookworm"
"""Base image of Dockerfile.frontend."""


def build_frontend(engine: Engine, name: str = FRONTEND) -> None:
    """Build the frontend's image from this checkout.

    Args:
        engine: the engine that builds the image.
        name: the name of the image.

    Raises:
        Unavailable: its base image is not available, or the build failed. The text includes the end of its log.
    """
    base_images.ensure(engine, FRONTEND_BASE)
    arguments = ["--network=host", "--progress=plain", f"--tag={name}", f"--file={ROOT / 'Dockerfile.frontend'}"]
    engine.run("buildx", "build", *arguments, str(ROOT), timeout=1200)


def main() -> int:
    """Build the frontend's image and print its size. Return the exit code."""
    try:
        engine = engines.up()
        build_frontend(engine)
        size = int(engine.run("image", "inspect", "--format", "{{.Size}}", FRONTEND))
    except Unavailable as problem:
        say(f"image: {problem}")
        return 1
    if hint := engine.hint("docker buildx build --network=host --tag mine ."):
        print(hint)
    print(f"image: {FRONTEND}, {size / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
