"""`python -IB /run/pyenv/pyenv_image graft|environment|selfcheck|copy ...`: how the generated build steps call us."""

import sys
from pathlib import Path

# An isolated interpreter (-I) that runs a folder has only that folder on its path. The package is in its parent.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from pyenv_image.main import main  # noqa: E402 - it is found only now

main(sys.argv[1:])
