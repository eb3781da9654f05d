"""A run can be killed at any time; the next run repairs its environments, and none is ever incomplete."""

import os
import random
import signal
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.support import PROGRAM, local, slow_package
from tests.support.waiting import wait_for

NAMES = ("one", "two")
WHOLE = (
    "import importlib, slowly; [importlib.import_module(f'slowly.part{n}') for n in range(200)]; print(slowly.VERSION)"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Provide two environments whose package is built slowly, so that a signal can hit each phase."""
    lines = [f"PYENV --network=none 3.12 {name} <<EOF\n./package\nEOF\n" for name in NAMES]
    (tmp_path / "Dockerfile").write_text("FROM debian\n" + "".join(lines))
    return tmp_path


def started(folder: Path) -> subprocess.Popen:
    return subprocess.Popen([PROGRAM, "local"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def version_of(folder: Path, name: str) -> str | None:
    """Return the version of the package in an environment, or None if there is none; fail if it is incomplete."""
    python = folder / ".pyenv-frontend" / name / "bin/python"
    if not os.path.lexists(folder / ".pyenv-frontend" / name):
        return None
    return subprocess.run([python, "-c", WHOLE], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_ended_at_random_moments(project: Path, number: signal.Signals):
    """After each signal, an environment is the old one, the new one or missing; a final run makes all of them new."""
    moments = random.Random(8)  # noqa: S311 - the same moments in every run
    rounds = int(os.environ.get("PYENV_KILLS", "4"))
    slow_package(project / "package", seconds=0.2, version="0")
    began = time.monotonic()
    local(project)
    whole_run = time.monotonic() - began
    for turn in range(1, rounds + 1):
        slow_package(project / "package", seconds=0.2, version=str(turn))
        process = started(project)
        time.sleep(moments.uniform(0.05, 1) * whole_run)
        process.send_signal(number)
        process.wait()
        for name in NAMES:
            assert int(version_of(project, name) or 0) <= turn
    local(project)
    assert [version_of(project, name) for name in NAMES] == [str(rounds)] * 2
    local(project)
    linked = {(project / ".pyenv-frontend" / name).readlink().name for name in NAMES}
    assert {path.name for path in (project / ".pyenv-frontend/.store").iterdir()} == linked


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_stops_its_installers(project: Path, number: signal.Signals):
    """No process and no environment is left after Ctrl-C or SIGTERM, and the exit code is that of a shell."""
    slow_package(project / "package", seconds=60, version="1")
    process = started(project)
    wait_for(lambda: running_below(project), 60)
    process.send_signal(number)
    assert process.wait(timeout=20) == 128 + number
    assert not any(os.path.lexists(project / ".pyenv-frontend" / name) for name in NAMES)
    wait_for(lambda: not running_below(project))


def running_below(folder: Path) -> list[int]:
    """Return the installers that work for a folder, according to their command lines."""
    running = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if f"--path={folder}/.pyenv-frontend".encode() in words or f"{folder}/.pyenv-frontend/.store".encode() in words:
            running.append(int(process.name))
    return running


def test_two_runs_at_once_take_turns(project: Path):
    """The second run waits, and finds its environments up to date."""
    slow_package(project / "package", seconds=1, version="1")
    first = started(project)
    while not (project / ".pyenv-frontend/.lock").exists():
        time.sleep(0.01)
    time.sleep(0.2)
    _, notes = local(project)
    assert first.wait(timeout=60) == 0
    assert "another run is at work" in notes
    assert "up to date" in notes


def test_ctrl_c_is_handled_while_interpreters_are_searched(tmp_path: Path):
    """The command ends at once, even if an interpreter is slow, and does not treat its Python as missing."""
    slow = tmp_path / "bin" / "python3.12"
    slow.parent.mkdir()
    marker = tmp_path / "asked"
    slow.write_text(f"#!/bin/sh\ntouch {marker}\nexec sleep 15\n")
    slow.chmod(0o755)
    (tmp_path / "Dockerfile").write_text("FROM debian\nPYENV --network=none 3.12 one\n")
    environ = {**os.environ, "PATH": f"{slow.parent}:{os.environ['PATH']}"}
    process = subprocess.Popen(
        [PROGRAM, "local"], cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    wait_for(marker.exists, 60)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert time.monotonic() - began < 10  # the interpreter sleeps for fifteen seconds
    assert "Traceback" not in printed
    assert "downloading Python" not in printed


@pytest.fixture
def silent_index() -> Iterator[tuple[str, threading.Event]]:
    """Provide the address of an index that accepts connections and never responds, and an event for the first one."""
    called, over = threading.Event(), threading.Event()

    class Silent(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            called.set()
            over.wait(60)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Silent) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/simple", called
        over.set()
        server.shutdown()


def test_ctrl_c_is_handled_while_a_lock_waits_for_an_index(tmp_path: Path, silent_index: tuple[str, threading.Event]):
    """There is no lock, no running program and no temporary file afterwards."""
    address, called = silent_index
    lines = [f"PYENV 3.12 {name} <<EOF\nsix\nEOF\n" for name in "abcdef"]
    (tmp_path / "Dockerfile").write_text("FROM debian\n" + "".join(lines))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environ = {**os.environ, "UV_DEFAULT_INDEX": address, "TMPDIR": str(temporary)}
    environ["UV_CACHE_DIR"] = str(tmp_path / "cache")
    process = subprocess.Popen(
        [PROGRAM, "lock", "--base-suite=bookworm"],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert called.wait(60)
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=20)  # an index has a timeout of half a minute
    assert process.returncode == 130, printed
    assert "Traceback" not in printed
    assert [path.name for path in tmp_path.glob("pylock*")] == []
    assert [*temporary.iterdir()] == []
