"""The output of an installer is passed on to the build's log."""

import os
import sys
import textwrap

import pytest

from pyenv_image import process
from pyenv_image.process import Output


def run(capfdbinary, tmp_path, code, output):
    """Run a program; return its exit code and the pieces that were written."""
    returned = process.run([sys.executable, "-c", textwrap.dedent(code)], os.environ, tmp_path, output)
    sys.stdout.flush()
    return returned, capfdbinary.readouterr().out.decode()


@pytest.fixture
def writes(monkeypatch):
    """Collect the individual writes to standard output."""
    written = []
    monkeypatch.setattr(process, "write", lambda text, _: written.append(text) if text else None)
    return written


def test_lines_in_pieces_are_written_as_a_whole(writes, tmp_path):
    """A line that arrives in pieces is written as a whole, and a last line without an end gets one."""
    code = """
        import sys, time
        for piece in ("err", "or: no ", "such file\\nsec", "ond", "\\nlast"):
            sys.stderr.write(piece); sys.stderr.flush(); time.sleep(0.05)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    assert process.run(command, os.environ, tmp_path, Output()) == 0
    assert all(text.endswith(b"\n") for text in writes if text)
    assert b"".join(writes) == b"error: no such file\nsecond\nlast\n"


def test_names_and_exit_code(capfdbinary, tmp_path):
    """Copies are shown with the user's names."""
    code = "import sys; print('in /tmp/x/files/r.txt:1 and /tmp/x/context/a'); sys.exit(7)"
    names = (("/tmp/x/files/", ""), ("/tmp/x/context/", "./"))
    assert run(capfdbinary, tmp_path, code, Output(names)) == (7, "in r.txt:1 and ./a\n")


@pytest.mark.parametrize(
    ("words", "program"),
    [
        ("  cause: Git executable not found. Ensure that Git is installed and available.", "git"),
        ("ERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH?", "git"),
        ("error: cannot run ssh: No such file or directory", "ssh"),
    ],
)
def test_what_the_installer_misses(capfdbinary, tmp_path, words, program):
    """The words of uv, pip and git about a missing program are noticed."""
    output = Output()
    run(capfdbinary, tmp_path, f'print("Resolved"); print("""{words}""")', output)
    assert output.lacks == {program}


def test_silence_is_explained(capfdbinary, tmp_path, monkeypatch):
    """A message is printed after a while without output, with growing intervals."""
    monkeypatch.setattr(process, "_SILENCE", 0.9)
    code = "import time; time.sleep(1.5); print('there')"
    _, text = run(capfdbinary, tmp_path, code, Output(silence="silent for {} s"))
    assert text == "silent for 1 s\nthere\n"


def test_a_program_left_behind_is_not_waited_for(capfdbinary, tmp_path):
    """A build may leave a process behind that keeps the output open."""
    code = """
        import subprocess, sys
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)"])
        print("done")
    """
    assert run(capfdbinary, tmp_path, code, Output()) == (0, "done\n")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("error at https://u:s%2Fecret@h/simple: no", "error at https://u:****@h/simple: no"),
        ("clone git+https://ghp_token@h/x.git", "clone git+https://****@h/x.git"),
        ("clone git+ssh://git@h/x.git and a@b", "clone git+ssh://git@h/x.git and a@b"),
    ],
)
def test_passwords_of_addresses_are_hidden(capfdbinary, tmp_path, text, hidden):
    """An installer may print an address with a password."""
    assert run(capfdbinary, tmp_path, f"print({text!r})", Output()) == (0, f"{hidden}\n")
