"""The command line in general: help, version, incorrect usage, exit codes."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pyenv_frontend import cli
from pyenv_frontend.lint.ruleset import RULES
from tests.frontend.cli.running import called, folder

READERS = [name for name in cli.COMMANDS if name != "rule"]
"""The commands that read a Dockerfile."""


def test_help_names_the_commands(monkeypatch):
    """All commands are listed without importing any of them."""
    done = called(monkeypatch, "--help")
    assert done.code == 0
    assert all(f"  {name}" in done.out for name in cli.COMMANDS)


@pytest.mark.parametrize("command", [*cli.COMMANDS])
def test_help_of_a_command(monkeypatch, command):
    """Each option of each command has a description."""
    done = called(monkeypatch, command, "-h")
    assert done.code == 0
    assert done.out.startswith(f"Usage: pyenv-frontend {command} ")


def test_version(monkeypatch):
    """The version is that of the distribution."""
    assert called(monkeypatch, "--version").out.startswith("pyenv-frontend, version ")


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["expand", "--nonsense"], ["check", "--format", "xml"], ["expand", "-f"]]
)
def test_wrong_calls(monkeypatch, arguments):
    """Incorrect usage gives exit code 64 and a message on standard error."""
    done = called(monkeypatch, *arguments)
    assert (done.code, done.out) == (64, "")
    assert "Error: " in done.err


def output_of_failure(command):
    """Return the output of a command that fails; that of `local` makes `eval` fail."""
    return "false\n" if command == "local" else ""


@pytest.mark.parametrize(
    ("command", "file"),
    [
        *itertools.product(sorted({*READERS} - {"lock"}), [(), ("-f",)]),
        ("lock", ("-f",)),
    ],  # its arguments are PYENVs
)
def test_no_such_file(monkeypatch, tmp_path, command, file):
    """A missing Dockerfile is incorrect usage, both as an argument and with `-f`."""
    done = called(monkeypatch, command, *file, tmp_path / "Dockerfile")
    assert done == (64, output_of_failure(command), f"{tmp_path}/Dockerfile: No such file or directory\n")


@pytest.mark.parametrize("command", READERS)
def test_common_options(monkeypatch, tmp_path, command):
    """All commands have the options that affect how a Dockerfile is read."""
    text = "FROM a AS one\nARG P\nARG TARGETARCH\nPYENV $P ${TARGETARCH}_$OF_BASE missing.txt\nFROM a\n"
    place = folder(tmp_path / "x", text) / "Dockerfile"
    options = ["--build-arg=P=3.12", "--platform=linux/arm64", "--base-env=OF_BASE=b", "--target=one"]
    own = {"expand": ["--base-suite=bookworm"], "local": ["--check"], "lock": ["--check"]}
    done = called(monkeypatch, command, "-f", place, *options, *own.get(command, ()), f"--context={tmp_path}")
    assert done.code == 1
    assert "missing.txt is not in the build context" in done.out + done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["local", "--clean", "--check"], "argument --check: not allowed with argument --clean"),
        (["local", "--clean", "--target=one"], "argument --target: not allowed with argument --clean"),
        (["local", "--check", "-j2"], "argument --jobs: not allowed with argument --check"),
        (["local", "--check", "--format=fish"], "argument --format: fish is not allowed with argument --check, which"),
        (["expand", "--standalone", "--tools=x"], "argument --tools: not allowed with argument --standalone"),
    ],
)
def test_options_without_an_effect(monkeypatch, tmp_path, arguments, message):
    """One that another option switches off is refused, and nothing is done."""
    monkeypatch.chdir(folder(tmp_path, "FROM a AS one\nPYENV 3.12 x\n"))
    done = called(monkeypatch, *arguments)
    assert (done.code, message in done.err) == (64, True), done.err


@pytest.mark.parametrize("command", ["expand", "local", "lock"])
def test_one_dockerfile(monkeypatch, command):
    """A command with a single result accepts a single Dockerfile."""
    assert called(monkeypatch, command, "-f", "a", "-f", "b") == (
        64,
        output_of_failure(command),
        f"{command} takes one Dockerfile, not a and b\n",
    )


def test_interrupted(monkeypatch):
    """Ctrl-C gives a shell's exit code for it, without a traceback."""
    monkeypatch.setattr(cli.cli, "main", lambda *_, **__: (_ for _ in ()).throw(click.Abort))
    assert called(monkeypatch, "check") == (130, "", "")


def test_as_a_program(tmp_path):
    """The installed script passes on the exit code."""
    (tmp_path / "Dockerfile").write_text("FROM a\nPYENV 3.1 x\n")
    command = [sys.executable, "-c", "from pyenv_frontend.cli import main; main()", "check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "1 Dockerfile: 1 error\n")
    assert done.stdout.startswith("Dockerfile:2:7: error: there is no Python 3.1\n")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["chek"], "did you mean check?"),
        (["check", "--formt=x"], "--format"),
        (["rule", "PyenvStale"], "PyenvStaleLock?"),
    ],
)
def test_nearest_word(monkeypatch, arguments, hint):
    """For a misspelled command, option or rule, the most similar name is suggested."""
    done = called(monkeypatch, *arguments)
    assert done.code == 64
    assert hint in done.err


def test_rule(monkeypatch):
    """A rule is explained with examples; without a name, all rules are listed."""
    assert [line.split()[0] for line in called(monkeypatch, "rule").out.splitlines()] == [rule.name for rule in RULES]
    for rule in RULES:
        done = called(monkeypatch, "rule", rule.name.lower())
        assert done.code == 0
        assert rule.summary in done.out
        assert f"check=skip={rule.name}" in done.out


def test_output_that_cannot_be_written(tmp_path):
    """A full disk gives a message without a traceback."""
    (tmp_path / "Dockerfile").write_text("FROM a\nPYENV 3.14 x\n")
    command = [sys.executable, "-c", "from pyenv_frontend.cli import main; main()", "expand", "--base-suite=bookworm"]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (70, "pyenv-frontend: cannot write: No space left on device\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(tmp_path, shell):
    """The documented script exists for each shell, and completes commands and options."""
    program = [sys.executable, "-c", "from pyenv_frontend.cli import main; main()"]
    source = {**os.environ, "_PYENV_FRONTEND_COMPLETE": f"{shell}_source"}
    assert "pyenv-frontend" in subprocess.run(program, env=source, capture_output=True, text=True, check=True).stdout
    words = {"COMP_WORDS": "pyenv-frontend che", "COMP_CWORD": "che" if shell == "fish" else "1"}
    complete = {**os.environ, **words, "_PYENV_FRONTEND_COMPLETE": f"{shell}_complete"}
    assert (
        "check"
        in subprocess.run(program, env=complete, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    )
