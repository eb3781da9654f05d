"""The history of an image (`docker history`), in the user's words where it would quote the commands of a PYENV.

Source of truth: BuildKit `dockerfile2llb/convert.go` (`commitToHistory`, `runCommandString`).
"""

from __future__ import annotations

__all__ = ["rewrite_created_by"]

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyenv_frontend.expansion.expand import Step

_END = " # buildkit"


def rewrite_created_by(config: bytes, steps: Sequence[Step]) -> bytes:
    """Rename the entries of an image's history that generated steps have made.

    Args:
        config: the image's configuration, JSON.
        steps: the generated steps of the expanded file.

    Returns:
        The configuration with as many entries, for the same layers; `config` itself where none is ours.
    """
    found: dict[str, Any] = json.loads(config)
    words = {" ".join(step.command): " ".join(step.title) for step in steps}
    changed = False
    for entry in found.get("history") or ():
        told = entry.get("created_by") or ""
        if told.startswith("RUN ") and told.endswith(_END):
            # ARGs that the step sees stand in front of its command.
            command = next((each for each in words if told.removesuffix(_END).endswith(f" {each}")), None)
            if command is not None:
                entry["created_by"] = words[command] + _END
                changed = True
    return json.dumps(found, separators=(",", ":")).encode() if changed else config
