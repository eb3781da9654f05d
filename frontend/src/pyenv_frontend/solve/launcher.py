"""Steps of PYENVs that run under the words the user wrote.

Wherever the engine speaks of a step as a process it quotes what is executed: in the line of the step that failed, in
provenance. So what is executed is `PYENV 3.8 snowpark reqs.txt`: a script of that name, mounted for the step, which
knows the command that was made of the words. Its `#!` names the interpreter that the command began with, so that it
runs wherever the command ran: no shell, and no program of another platform.

The engine finds the script by the step's PATH. The script takes itself out of it again before anything else happens,
and nothing that the step runs sees another environment than it would without.
"""

from __future__ import annotations

__all__ = ["run_as_title", "script"]

from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.expansion.steps import FLAGS, PACKAGE, TOOLS

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = "/run/pyenv-command"
_PATH = "PATH="
_MAX = 127
"""What every kernel reads of a script's first line, in bytes; newer ones read 255."""

_SCRIPT = """\
{first}import os, sys
os.environ["PATH"] = os.environ["PATH"].partition(":")[2]
sys.path.insert(0, {tools!r})
from pyenv_image.main import main
main({arguments})
"""


def script(op: wire.Op, words: Sequence[str]) -> wire.Op | None:
    """Make the op that writes a step's script.

    It has what it does not use as its input, our tools, which the step waits for anyhow: an op without inputs is
    reported as done in every build, and takes `CACHED` from the step that it belongs to.

    Args:
        op: the step.
        words: the name of the script, and what is said to be its arguments.

    Returns:
        None if the step cannot be started by a script and has to stay as it is: its interpreter's path does not fit
        into a script's first line, for one.
    """
    meta = op.exec.meta
    python, *flags = meta.args[:3]
    first = f"#!{python} {FLAGS}\n"
    tools = next((op.inputs[mount.input] for mount in op.exec.mounts if mount.dest == TOOLS), None)
    if tools is None or flags != [FLAGS, PACKAGE] or len(first.encode()) > _MAX or len(first.split()) != 2:
        return None
    if len(_paths(meta)) != 1 or not all(map(str.isprintable, words)):
        return None
    arguments = ascii(list(meta.args[3:]))  # not a byte that depends on a coding
    text = _SCRIPT.format(first=first, tools=TOOLS, arguments=arguments)
    file = wire.MkFile(path=f"/{words[0]}", mode=0o755, data=text.encode(), timestamp=-1)
    action = wire.FileAction(input=-1, secondary_input=-1, output=0, mkfile=file)
    return wire.Op(inputs=[tools], file=wire.FileOp(actions=[action]))


def run_as_title(op: wire.Op, words: Sequence[str], digest: str) -> None:
    """Let a step, of which a script was made, execute what the op of that digest writes."""
    meta = op.exec.meta
    (place,) = _paths(meta)
    op.exec.mounts.add(input=len(op.inputs), dest=FOLDER, output=-1, readonly=True)
    op.inputs.add(digest=digest, index=0)
    meta.env[place] = f"{_PATH}{FOLDER}:{meta.env[place].removeprefix(_PATH)}"
    meta.args[:] = words


def _paths(meta: wire.Meta) -> list[int]:
    """Where the step's variables have the PATH; the engine would add one that the script could not put back."""
    return [number for number, variable in enumerate(meta.env) if variable.startswith(_PATH)]
