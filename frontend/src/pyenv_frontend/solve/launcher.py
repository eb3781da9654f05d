"""Run the steps of PYENVs under the words that the user wrote.

Where the engine reports a step as a process it quotes the executed command: in the line of a failed step, and in
provenance. So the step executes `PYENV 3.8 snowpark reqs.txt`: a script of that name, mounted for the step, which
contains the generated command. Its `#!` names the interpreter of that command, so it runs wherever the command would:
no shell, and no program of another platform.

The engine finds the script by the step's PATH. The script first removes its folder from PATH again, so nothing that the
step runs sees a different environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.llb import mount_of
from pyenv_frontend.expansion.steps import FLAGS, PACKAGE, TOOLS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check_script", "run_as_title", "script", "write_file"]

FOLDER = "/run/pyenv-command"
_PATH = "PATH="
_MAX = 127
"""The length of a script's first line, in bytes, that every kernel reads; newer ones read 255."""

_CHECK_SCRIPT = """\
#!/python -IS
import sys
sys.path.insert(0, {tools!r})
from pyenv_image.{module} import main
main(*{arguments})
"""

_SCRIPT = """\
{first}import os, sys
os.environ["PATH"] = os.environ["PATH"].partition(":")[2]
sys.path.insert(0, {tools!r})
from pyenv_image.main import main
main({arguments})
"""


def script(op: wire.Op, words: Sequence[str]) -> wire.Op | None:
    """Make the op that writes a step's script.

    Args:
        op: the step.
        words: the name of the script, and its apparent arguments.

    Returns:
        None if the step cannot be started by a script and has to stay as it is, for example because its interpreter's
        path does not fit into a script's first line.
    """
    meta = op.exec.meta
    python, *flags = meta.args[:3]
    first = f"#!{python} {FLAGS}\n"
    if (
        all(mount.dest != TOOLS for mount in op.exec.mounts)
        or flags != [FLAGS, PACKAGE]
        or len(first.encode()) > _MAX
        or len(first.split()) != 2
    ):
        return None
    if len(_paths(meta)) != 1 or not all(map(str.isprintable, words)):
        return None
    arguments = ascii(list(meta.args[3:]))  # ASCII only, so no encoding matters
    text = _SCRIPT.format(first=first, tools=TOOLS, arguments=arguments)
    return write_file(op, words[0], text.encode(), mode=0o755)


def check_script(op: wire.Op, words: Sequence[str], module: str, arguments: Sequence[str]) -> wire.Op:
    """Make the op that writes the script of a step that checks an image or a stage (see `source_check`)."""
    text = _CHECK_SCRIPT.format(tools=TOOLS, module=module, arguments=ascii(list(arguments)))
    return write_file(op, words[0], text.encode(), mode=0o755)


def write_file(op: wire.Op, name: str, content: bytes, *, mode: int) -> wire.Op:
    """Make the op that writes a file for a step.

    Its input, which it does not use, is our tools, which the step needs anyway: an op without inputs is reported as
    executed in every build, and then the step that it belongs to is not shown as `CACHED`.
    """
    tools = op.inputs[mount_of(op, TOOLS).input]
    file = wire.MkFile(path=f"/{name}", mode=mode, data=content, timestamp=-1)
    action = wire.FileAction(input=-1, secondary_input=-1, output=0, mkfile=file)
    return wire.Op(inputs=[tools], file=wire.FileOp(actions=[action]))


def run_as_title(op: wire.Op, words: Sequence[str], digest: str) -> None:
    """Let a step execute the script that the op with that digest writes."""
    meta = op.exec.meta
    (place,) = _paths(meta)
    op.exec.mounts.add(input=len(op.inputs), dest=FOLDER, output=-1, readonly=True)
    op.inputs.add(digest=digest, index=0)
    meta.env[place] = f"{_PATH}{FOLDER}:{meta.env[place].removeprefix(_PATH)}"
    meta.args[:] = words


def _paths(meta: wire.Meta) -> list[int]:
    """Return the indices of PATH in the step's variables; the script cannot restore one of the engine's."""
    return [number for number, variable in enumerate(meta.env) if variable.startswith(_PATH)]
