"""Run commands within the process, and capture their output."""

import io
import sys
from typing import NamedTuple

from pyenv_frontend.cli import run

BASE = ("--base-suite", "bookworm", "--base-user", "airflow", "--base-python", "3.12.4")


class Done(NamedTuple):
    """The result of a command."""

    code: int
    out: str
    err: str


class Stream(io.TextIOWrapper):
    """Standard output or input, as text over bytes."""

    def __init__(self, data=b""):
        super().__init__(io.BytesIO(data), "utf-8", newline="")


def called(monkeypatch, *arguments, stdin=b""):
    """Run a command."""
    out, err = Stream(), Stream()
    monkeypatch.setattr(sys, "stdin", Stream(stdin))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    code = run([str(argument) for argument in arguments])
    for stream in (out, err):
        stream.flush()
    texts = [stream.buffer.getvalue() for stream in (out, err)]
    return Done(code, *(text.decode("utf-8", "surrogateescape") for text in texts))


def folder(path, dockerfile, **files):
    """Write a build context; in names, `__` stands for `/` and `_dot_` for a dot."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "Dockerfile").write_text(dockerfile, "utf-8", newline="")
    for name, text in files.items():
        place = path / name.replace("__", "/").replace("_dot_", ".")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    return path
