"""The command as a whole: help, version, wrong calls, exit codes."""

import itertools
import subprocess
import sys

import click
import pytest

from pyenv_frontend import cli
from tests.frontend.cli.running import called, folder


def test_help_names_the_commands(monkeypatch):
    """Help lists every command without importing any of them."""
    done = called(monkeypatch, "--help")
    assert done.code == 0
    assert all(f"  {name}" in done.out for name in cli.COMMANDS)


@pytest.mark.parametrize("command", [*cli.COMMANDS])
def test_help_of_a_command(monkeypatch, command):
    """Every option of every command has a sentence."""
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
    """A wrong call ends with 64 and a sentence on standard error."""
    done = called(monkeypatch, *arguments)
    assert (done.code, done.out) == (64, "")
    assert "Error: " in done.err


@pytest.mark.parametrize(
    ("command", "file"),
    [
        *itertools.product(sorted({*cli.COMMANDS} - {"lock"}), [(), ("-f",)]),
        ("lock", ("-f",)),
    ],  # its arguments are PYENVs
)
def test_no_such_file(monkeypatch, tmp_path, command, file):
    """A Dockerfile that is not there is a wrong call, as an argument of every command or with `-f`."""
    done = called(monkeypatch, command, *file, tmp_path / "Dockerfile")
    assert done == (64, "", f"{tmp_path}/Dockerfile: No such file or directory\n")


@pytest.mark.parametrize("command", [*cli.COMMANDS])
def test_common_options(monkeypatch, tmp_path, command):
    """Every command takes what says how a Dockerfile is read."""
    text = "FROM a AS one\nARG P\nARG TARGETARCH\nPYENV $P ${TARGETARCH}_$OF_BASE missing.txt\nFROM a\n"
    place = folder(tmp_path / "x", text) / "Dockerfile"
    options = ["--build-arg=P=3.12", "--platform=linux/arm64", "--base-env=OF_BASE=b", "--target=one"]
    own = {"expand": ["--base-suite=bookworm"], "local": ["--check"], "lock": ["--check"]}
    done = called(monkeypatch, command, "-f", place, *options, *own.get(command, ()), f"--context={tmp_path}")
    assert done.code == 1
    assert "missing.txt is not in the build context" in done.out + done.err


@pytest.mark.parametrize("command", ["expand", "local", "lock"])
def test_one_dockerfile(monkeypatch, command):
    """A command with one result takes one Dockerfile."""
    assert called(monkeypatch, command, "-f", "a", "-f", "b") == (
        64,
        "",
        f"{command} takes one Dockerfile, not a and b\n",
    )


def test_interrupted(monkeypatch):
    """Ctrl-C ends with a shell's code for it, without a traceback."""
    monkeypatch.setattr(cli.cli, "main", lambda *_, **__: (_ for _ in ()).throw(click.Abort))
    assert called(monkeypatch, "check") == (130, "", "")


def test_as_a_program(tmp_path):
    """The script runs, and hands the exit code on."""
    (tmp_path / "Dockerfile").write_text("FROM a\nPYENV 3.1 x\n")
    command = [sys.executable, "-c", "from pyenv_frontend.cli import main; main()", "check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("Dockerfile:2:7: error: there is no Python 3.1\n")
