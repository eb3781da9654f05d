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


def rewrite_created_by(config: bytes, steps: Sequence[Step], *, merge: bool = False) -> bytes:
    """Rename the entries of an image's history that generated steps have made.

    Args:
        config: the image's configuration, JSON.
        steps: the generated steps of the expanded file.
        merge: whether the engine merges what independent steps bring in.

    Returns:
        The configuration with an entry for each layer; `config` itself where none is ours. A step that does not run on
        its stage has an entry for what it changes there, one for what it brings in, and, where that is merged, one for
        the folders above it.
    """
    found: dict[str, Any] = json.loads(config)
    by_command = {" ".join(step.command): step for step in steps}
    changed = False
    history = []
    for entry in found.get("history") or ():
        history.append(entry)
        told = entry.get("created_by") or ""
        if told.startswith("RUN ") and told.endswith(_END):
            # ARGs that the step sees stand in front of its command.
            command = next((each for each in by_command if told.removesuffix(_END).endswith(f" {each}")), None)
            if command is not None:
                step = by_command[command]
                entry["created_by"] = " ".join(step.title) + _END
                history += [dict(entry) for _ in range(1 + merge)] if step.independent else []
                changed = True
    if changed:
        found["history"] = history
    return json.dumps(found, separators=(",", ":")).encode() if changed else config
