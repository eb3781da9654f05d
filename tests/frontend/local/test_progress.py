"""The progress of several environments, on a terminal and elsewhere."""

import io
import os

import pytest

from pyenv_frontend.local.progress import Progress


def test_a_log_has_a_line_for_each_beginning_and_end():
    """A log has no progress numbers."""
    stream = io.StringIO()
    with Progress(["one", "two"], stream, terminal=False) as progress:
        progress.say("one", "resolving")
        progress.say("one", "downloading 1/3")
        progress.say("one", "")
        progress.say("one", "done in 1 s", "done")
        progress.say("two", "failed", "failed")
    assert stream.getvalue() == "one: resolving\none: done in 1 s\ntwo: failed\n"


def test_a_terminal_shows_one_line_each_in_order(monkeypatch: pytest.MonkeyPatch):
    """The final output has each environment once, cut to the terminal's width."""
    monkeypatch.setattr("shutil.get_terminal_size", lambda **_: os.terminal_size((30, 20)))
    stream = io.StringIO()
    with Progress(["a", "longer"], stream, terminal=True) as progress:
        progress.say("a", "downloading 2/4")
        progress.say("longer", "x" * 50, "failed")
    last = stream.getvalue().split("\x1b[2K")[-2:]
    assert last[0].endswith(" a       downloading 2/4\n")  # too narrow for a bar
    assert last[1] == f"✗ longer  {'x' * 18}…\n"


def test_a_long_name_leaves_room_for_the_progress(monkeypatch: pytest.MonkeyPatch):
    """Names take at most a third of the terminal's width; a wide terminal also shows a bar."""
    stream = io.StringIO()
    monkeypatch.setattr("shutil.get_terminal_size", lambda **_: os.terminal_size((91, 20)))
    with Progress(["n" * 80], stream, terminal=True) as progress:
        progress.say("n" * 80, "downloading 2/4")
    assert stream.getvalue().endswith(f" {'n' * 29}…  {'█' * 10}{'░' * 10} downloading 2/4\n")


def test_a_stopped_display_shows_no_work_in_progress(monkeypatch: pytest.MonkeyPatch):
    """After Ctrl-C, no line shows work in progress, and later updates are ignored."""
    monkeypatch.setattr("shutil.get_terminal_size", lambda **_: os.terminal_size((80, 20)))
    stream = io.StringIO()
    with Progress(["one", "two", "three"], stream, terminal=True) as progress:
        progress.say("one", "done in 1 s", "done")
        progress.say("two", "looking for Python 3.13")
        progress.stop()
        progress.say("two", "downloading Python 3.13")
    last = stream.getvalue().split("\x1b[2K")[-3:]
    assert last == ["✓ one    done in 1 s\n", "✗ two    stopped\n", "✗ three  stopped\n"]


def test_more_lines_than_the_terminal_has(monkeypatch: pytest.MonkeyPatch):
    """Lines that have scrolled away cannot be overwritten, so plain lines are written."""
    monkeypatch.setattr("shutil.get_terminal_size", lambda **_: os.terminal_size((80, 2)))
    stream = io.StringIO()
    with Progress(["one", "two"], stream, terminal=True) as progress:
        progress.say("one", "resolving")
    assert stream.getvalue() == "one: resolving\n"
