"""The steps that check what a PYENV names before an interpreter is started there.

They are for the image or stage that an interpreter is copied from, and for the stage of `--builder`. They run in the
frontend's own image, whose Python is there whatever the stage or the other image has. What they have checked is their
result, which the next step uses instead: so it waits for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.buildkit.llb import encode, mount_of
from pyenv_frontend.expansion.steps import BUILDER, INTERPRETER, TOOLS
from pyenv_frontend.solve import launcher
from pyenv_frontend.solve.file_ops import FileSystem
from pyenv_frontend.solve.independent_graph import RESULT, look, mount_at, source_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.expansion.expand import Step
    from pyenv_frontend.solve.new_graph import NewGraph

__all__ = ["checked_builder", "checked_source"]

_CHECKED = "/run/pyenv-checked"
_PROGRAM = "/run/pyenv-program"


def checked_source(graph: NewGraph, graft: wire.Op, step: Step, old: str) -> FileSystem:
    """Return what the interpreter of a graft is copied from, once it is checked.

    Args:
        graph: the graph that the check is added to.
        graft: the op of the graft.
        step: the graft.
        old: its digest in the old graph.
    """
    check = look(graft, source_of(graft, TOOLS))
    _mount_result(check, graft, INTERPRETER)
    return _add(graph, check, step.title, ("source", *step.source), old)


def checked_builder(graph: NewGraph, install: wire.Op, graft: wire.Op | None, step: Step, old: str) -> FileSystem:
    """Return the result of the stage of `--builder`, once it is checked.

    Args:
        graph: the graph that the check is added to.
        install: the op of the environment.
        graft: the op of the graft that it runs on; None if it runs on the base's own interpreter.
        step: the environment.
        old: its digest in the old graph.
    """
    check = look(install, source_of(install, TOOLS))
    _mount_result(check, install, BUILDER)
    program = ""
    if graft is not None:
        mount_at(check, source_of(graft, INTERPRETER), _PROGRAM, selector=mount_of(graft, INTERPRETER).selector)
        program = f"{_PROGRAM}/bin/{step.builder[2].rpartition('/')[2]}"
    return _add(graph, check, step.title, ("builder", *step.builder, program), old)


def _mount_result(check: wire.Op, op: wire.Op, dest: str) -> None:
    """Let a check have what a step mounts at a path as its result; it may be empty, as `FROM scratch` is."""
    if mount_of(op, dest).input < 0:
        check.exec.mounts.add(input=-1, dest=_CHECKED, output=RESULT)
    else:
        mount_at(check, source_of(op, dest), _CHECKED, output=RESULT)


def _add(graph: NewGraph, check: wire.Op, title: Sequence[str], arguments: Sequence[str], old: str) -> FileSystem:
    words = title if all(map(str.isprintable, title)) else ("PYENV",)
    module, *values = arguments
    script = graph.add_op(launcher.check_script(check, words, module, (_CHECKED, *values)), old)
    launcher.run_as_title(check, words, script.digest)
    return FileSystem(graph.add(encode(check), old), RESULT)
