"""The step that checks the image or stage of `--from` before a graft starts its interpreter.

It runs in the frontend's own image, whose Python is there whatever the stage or the other image has. Its result is
empty, and is mounted by the graft, which so waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.llb import encode
from pyenv_frontend.expansion.steps import INTERPRETER, TOOLS
from pyenv_frontend.solve import launcher
from pyenv_frontend.solve.file_ops import FileSystem

if TYPE_CHECKING:
    from pyenv_frontend.expansion.expand import Step
    from pyenv_frontend.solve.new_graph import NewGraph

__all__ = ["add_source_check"]

_IMAGE = "/run/pyenv-source"
_CHECKED = "/run/pyenv-checked"
_PATH = "PATH=/usr/local/bin:/usr/bin:/bin"
_NO_NETWORK = 2


def add_source_check(graph: NewGraph, graft: wire.Op, step: Step, old: str) -> None:
    """Let a graft wait for the check of its interpreter's image.

    Args:
        graph: the graph that the check is added to.
        graft: the op of the graft.
        step: the graft.
        old: its digest in the old graph.
    """
    mounts = {mount.dest: mount for mount in graft.exec.mounts}
    if TOOLS not in mounts or INTERPRETER not in mounts or not all(map(str.isprintable, step.title)):
        return
    check = wire.Op()
    check.CopyFrom(graft)
    tools, image = (graft.inputs[mounts[dest].input] for dest in (TOOLS, INTERPRETER))
    del check.inputs[:]
    del check.exec.mounts[:]
    for entry in (tools, image):
        check.inputs.add(digest=entry.digest, index=entry.index)
    check.exec.mounts.add(input=0, dest="/", output=0)  # dropped; a root that is no output cannot be written to
    check.exec.mounts.add(input=0, dest=TOOLS, selector=mounts[TOOLS].selector, output=-1, readonly=True)
    check.exec.mounts.add(input=1, dest=_IMAGE, output=-1, readonly=True)
    check.exec.mounts.add(input=-1, dest=_CHECKED, output=1)
    check.exec.network = _NO_NETWORK
    check.exec.meta.env[:] = [_PATH]
    check.exec.meta.cwd, check.exec.meta.user = "/", ""
    script = graph.add_op(launcher.source_script(check, step.title, step.source), old)
    launcher.run_as_title(check, step.title, script.digest)
    checked = FileSystem(graph.add(encode(check), old), 1)
    graft.exec.mounts.add(input=len(graft.inputs), dest=_CHECKED, output=-1, readonly=True)
    graft.inputs.add(digest=checked.digest, index=checked.number)
