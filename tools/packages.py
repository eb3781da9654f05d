"""Create a virtual environment for a tool that is not part of the development environment, from a lock with hashes.

Run as a module: `python -m tools.packages FOLDER REQUIREMENTS`.
"""

import sys
from pathlib import Path

from tools import interpreters
from tools.state import run


def make(folder: Path, requirements: Path) -> None:
    """Create the environment with this process's Python.

    Args:
        folder: the folder of the environment, which is replaced.
        requirements: the path of the lock.
    """
    uv = interpreters.uv()
    run([uv, "venv", "-q", "--clear", "--no-project", "--python", sys.executable, folder])
    run([uv, "pip", "sync", "-q", "--python", folder / "bin/python", "--require-hashes", requirements])


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
