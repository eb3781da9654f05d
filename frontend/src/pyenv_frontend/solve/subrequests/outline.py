"""`--call=outline`: what the PYENVs of the outlined stage add to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyenv_frontend.buildkit import results
from pyenv_frontend.stages.analyze import read

if TYPE_CHECKING:
    from pyenv_frontend.solve.session import BuildSession

__all__ = ["REQUEST", "add_mounts"]

REQUEST = "frontend.outline"


def add_mounts(answer: dict[str, Any], session: BuildSession) -> None:
    """Add the secrets and SSH agents that PYENVs mount.

    Args:
        answer: the decoded answer, which is changed.
        session: the build.
    """
    program = read(
        session.document, session.settings(), base_variables=session.image_variables, report=lambda _error: None
    )
    stages = [stage for stage in program.stages if answer.get("name") in {None, "", stage.name}][-1:]
    for pyenv in (environment.pyenv for stage in stages for environment in stage.environments):
        location = {"ranges": results.line_ranges_json(pyenv.instruction.location.lines.numbers())}
        for mount in pyenv.options.mounts:
            key = {"secret": "secrets", "ssh": "ssh"}.get(mount.type)
            if key and mount.id and mount.id not in {entry["name"] for entry in answer.get(key) or []}:
                required = {"required": True} if mount.required else {}
                answer.setdefault(key, []).append({"name": mount.id, **required, "location": location})
