"""A virtual environment with the packages of a hashed lock, for a tool that stays out of the development environment.

Run as a module: `python -m tools.packages FOLDER REQUIREMENTS`.
"""

import sys
from pathlib import Path

from tools import interpreters
from tools.state import run


def make(folder: Path, requirements: Path) -> None:
    """Make the environment with the Python that runs this; what was in the folder is gone."""
    uv = interpreters.uv()
    run([uv, "venv", "-q", "--clear", "--no-project", "--python", sys.executable, folder])
    run([uv, "pip", "sync", "-q", "--python", folder / "bin/python", "--require-hashes", requirements])


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
