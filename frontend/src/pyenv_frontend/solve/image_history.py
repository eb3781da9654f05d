"""The history of an image (`docker history`), with PYENV instructions in place of the commands generated for them.

Source of truth: BuildKit `dockerfile2llb/convert.go` (`commitToHistory`, `runCommandString`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pyenv_frontend.expansion.layer_limit import limit, more_layers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyenv_frontend.expansion.expand import Step

__all__ = ["limit_layers", "rewrite_created_by"]

_END = " # buildkit"


def limit_layers(configs: Sequence[bytes], steps: Sequence[Step], *, merge: bool) -> Sequence[Step]:
    """Return the steps with fewer layers where an image would have too many; see `layer_limit.limit`.

    Args:
        configs: the configurations of the images, JSON.
        steps: the generated steps of the expanded file.
        merge: whether the engine merges what independent steps bring in.
    """
    entries = [json.loads(config).get("history") or () for config in configs]
    most = max((sum(not entry.get("empty_layer") for entry in history) for history in entries), default=0)
    return limit(most, steps, merge=merge)


def rewrite_created_by(config: bytes, steps: Sequence[Step], *, merge: bool = False) -> bytes:
    """Rename the history entries of generated steps.

    Args:
        config: the image's configuration, JSON.
        steps: the generated steps of the expanded file.
        merge: whether the engine merges what independent steps bring in.

    Returns:
        The configuration with an entry for each layer; `config` itself if no step is ours. A step that does not run on
        its stage has one for its result, or two with heavy distributions, and those for what is done before and after.
    """
    parsed: dict[str, Any] = json.loads(config)
    by_command = {" ".join(step.command): step for step in steps}
    changed = False
    history = []
    for entry in parsed.get("history") or ():
        history.append(entry)
        created_by = entry.get("created_by") or ""
        if created_by.startswith("RUN ") and created_by.endswith(_END):
            # The ARGs that the step sees precede its command.
            command = next((text for text in by_command if created_by.removesuffix(_END).endswith(f" {text}")), None)
            if command is not None:
                step = by_command[command]
                entry["created_by"] = " ".join(step.title) + _END
                history += [dict(entry) for _ in range(more_layers(step, merge=merge))]
                changed = True
    if changed:
        parsed["history"] = history
    return json.dumps(parsed, separators=(",", ":")).encode() if changed else config
