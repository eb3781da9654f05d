"""``python -I /run/pyenv/pyenv_image graft|environment|selfcheck ...``: how the generated build steps call us."""

import sys
from pathlib import Path

# An isolated interpreter (-I) that runs a folder knows that folder alone; the package is its parent's child.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from pyenv_image.main import main  # noqa: E402 - only now can it be found

main(sys.argv[1:])
