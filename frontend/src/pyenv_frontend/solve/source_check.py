"""The step that checks the image or stage of `--from` before a graft starts its interpreter.

It runs in the frontend's own image, whose Python is there whatever the stage or the other image has. Its result is
empty, and is mounted by the graft, which so waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.buildkit.llb import encode
from pyenv_frontend.expansion.steps import INTERPRETER, TOOLS
from pyenv_frontend.solve import launcher
from pyenv_frontend.solve.file_ops import FileSystem
from pyenv_frontend.solve.independent_graph import RESULT, look, mount_at, source_of

if TYPE_CHECKING:
    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.expansion.expand import Step
    from pyenv_frontend.solve.new_graph import NewGraph

__all__ = ["add_source_check"]

_IMAGE = "/run/pyenv-source"
_CHECKED = "/run/pyenv-checked"


def add_source_check(graph: NewGraph, graft: wire.Op, step: Step, old: str) -> None:
    """Let a graft wait for the check of its interpreter's image.

    Args:
        graph: the graph that the check is added to.
        graft: the op of the graft.
        step: the graft.
        old: its digest in the old graph.
    """
    mounted = {mount.dest for mount in graft.exec.mounts}
    if not mounted >= {TOOLS, INTERPRETER} or not all(map(str.isprintable, step.title)):
        return
    check = look(graft, source_of(graft, TOOLS))
    mount_at(check, source_of(graft, INTERPRETER), _IMAGE)
    check.exec.mounts.add(input=-1, dest=_CHECKED, output=RESULT)
    script = graph.add_op(launcher.source_script(check, step.title, (_IMAGE, *step.source)), old)
    launcher.run_as_title(check, step.title, script.digest)
    mount_at(graft, FileSystem(graph.add(encode(check), old), RESULT), _CHECKED)
