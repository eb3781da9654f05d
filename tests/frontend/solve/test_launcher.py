"""`launcher`: a step that is shown as the user's text has the same effect as its own command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.expansion.steps import PACKAGE, TOOLS
from pyenv_frontend.solve import launcher

WORDS = ("pyenv", "3.8", "etl", "r\u00e9qs.txt")
PATH = "/home/x/bin:/usr/bin"
ARGUMENTS = ["environment", "--name=etl", "--require=six; \"a\" 'b' \\ \u00e9 #", "--requirements=r\u00e9qs.txt"]


def step(python="/opt/pyenv/3.8/bin/python3.8", env=(f"PATH={PATH}", "X=1"), flags=("-IB", PACKAGE), tools=TOOLS):
    op = wire.Op(exec=wire.ExecOp(meta=wire.Meta(args=[python, *flags, *ARGUMENTS], env=env)))
    op.inputs.add(digest="sha256:base")
    op.inputs.add(digest="sha256:tools", index=3)
    op.exec.mounts.add(input=0, dest="/", output=0)
    op.exec.mounts.add(input=1, dest=tools, output=-1, readonly=True)
    return op


def written(op):
    (action,) = op.file.actions
    return action.mkfile


def test_the_script_starts_the_step_as_its_command_did(tmp_path):
    """Arguments, variables, the interpreter and its flags are those of the command."""
    main = (
        "import json, os, sys\n"
        "def main(arguments):\n"
        "    print(json.dumps([arguments, dict(os.environ), sys.executable, sys.flags.isolated]))\n"
    )
    (tmp_path / "tools/pyenv_image").mkdir(parents=True)
    (tmp_path / "tools/pyenv_image/main.py").write_text(main)
    script = tmp_path / WORDS[0]
    python = str(Path(sys.executable).resolve())  # a virtual environment's would know our own package
    file = written(launcher.script(step(python), WORDS))
    script.write_bytes(file.data.replace(TOOLS.encode(), str(tmp_path / "tools").encode()))
    script.chmod(file.mode)
    env = {"X": "1", "PATH": f"{tmp_path}:{PATH}", "LC_ALL": "C.UTF-8", "PYTHONPATH": "/nowhere"}
    answer = subprocess.run([script, *WORDS[1:]], env=env, check=True, stdout=subprocess.PIPE).stdout
    assert json.loads(answer) == [ARGUMENTS, env | {"PATH": PATH}, python, 1]


def test_the_step_is_quoted_in_the_users_words():
    """The engine shows the arguments; the script is found through a folder at the start of the step's PATH."""
    op = step()
    launcher.run_as_title(op, WORDS, "sha256:script")
    assert list(op.exec.meta.args) == list(WORDS)
    assert list(op.exec.meta.env) == [f"PATH={launcher.FOLDER}:{PATH}", "X=1"]
    mount = op.exec.mounts[-1]
    assert (mount.dest, mount.output, mount.readonly) == (launcher.FOLDER, -1, True)
    assert op.inputs[mount.input].digest == "sha256:script"
    assert written(launcher.script(step(), WORDS)).path == f"/{WORDS[0]}"


def test_the_script_waits_for_nothing_that_the_step_does_not_wait_for():
    """The script depends on our tools, since an op without inputs would be reported in each build."""
    assert list(launcher.script(step(), WORDS).inputs) == [wire.Input(digest="sha256:tools", index=3)]


def test_equal_steps_have_equal_scripts():
    """The script does not depend on the text, except for its name."""
    scripts = [launcher.script(step(), words) for words in (WORDS, ("pyenv", "3.8", "etl"))]
    assert scripts[0] == scripts[1]


def test_a_path_that_is_empty_stays_empty():
    """The user may have set `ENV PATH=`."""
    op = step(env=["PATH="])
    assert launcher.script(op, WORDS) is not None
    launcher.run_as_title(op, WORDS, "sha256:script")
    assert list(op.exec.meta.env) == [f"PATH={launcher.FOLDER}:"]


@pytest.mark.parametrize(
    "op",
    [
        step("/opt/pyenv/3.8-" + "x" * 120 + "/bin/python3.8"),
        step("/my programs/python3.8"),
        step(env=["X=1"]),
        step(flags=("-c", "print()")),
        step(tools="/elsewhere"),
    ],
    ids=["a path that a kernel cuts off", "a path of two words", "no PATH", "another command", "no tools"],
)
def test_a_command_that_no_script_can_start_is_unchanged(op):
    """A generated command in the log is better than a failed build."""
    assert launcher.script(op, WORDS) is None


def test_words_that_cannot_be_arguments():
    """Arguments cannot contain NUL."""
    assert launcher.script(step(), ("PYENV", "3.8", "a\0b")) is None
