"""The package runs on its own with the interpreter of the environment, as in the image."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pyenv_image
from tools import interpreters
from tools.state import Unavailable

FOLDER = Path(pyenv_image.__file__).parent


@pytest.mark.parametrize("version", ["3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"])
def test_it_runs_under_every_supported_python(version):
    """`python -I` of any version can run the folder; for a complete interpreter, the self-check prints nothing."""
    try:
        python = interpreters.find(version) / "bin" / "python3"
    except Unavailable as reason:
        pytest.skip(str(reason))
    done = subprocess.run([python, "-IB", FOLDER, "selfcheck"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_failed_step_has_a_message_without_a_traceback():
    """Users never see a traceback of ours. It is on stdout, so that it cannot overtake the messages of an installer."""
    command = [sys.executable, "-IB", FOLDER, "environment", "--name=x", "--path=/nowhere/x", "--user=nobody-at-all"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "error: the image has no user 'nobody-at-all': make it before PYENV (RUN useradd ...), or correct USER\n"
    )


def test_standard_library_only():
    """Only the standard library and the package itself are imported."""
    names = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                names.add(str(node.module).split(".")[0])
    assert names - {"pyenv_image"} <= sys.stdlib_module_names
