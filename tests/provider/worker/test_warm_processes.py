"""The warm processes of a user are bounded, private and listed."""

import contextlib
import errno
import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from airflow_venv.call import Value
from airflow_venv.worker import warm, warm_processes
from tests.support.children import variables, worker
from tests.support.waiting import alive, wait_for
from tests.support.warm import WHO, environment_with, run_warm, zygote

pytestmark = pytest.mark.usefixtures("warm_folder")


def test_a_folder_of_sockets_that_is_gone_is_made_again(warm_folder):
    """If temporary files are deleted, the old process cannot be found any more and exits."""
    run_warm(WHO, idle=2.0)
    old = zygote()["pid"]
    shutil.rmtree(warm_folder)
    assert run_warm(WHO).value[1] == zygote()["pid"] != old
    wait_for(lambda: not alive(old), 30)


def test_the_folder_of_temporary_files_may_have_a_long_path(monkeypatch, warm_folder):
    """The path is longer than the system's limit of 107 bytes for sockets."""
    monkeypatch.setattr(warm_processes, "folder", lambda: warm_folder.parent / ("x" * 200))
    assert run_warm(WHO).value[1] == zygote()["pid"]


def test_where_nothing_can_be_written_the_task_runs_cold(monkeypatch, warm_folder):
    """The folder for the sockets cannot be created, or the disk is full."""
    monkeypatch.setattr(warm_processes, "folder", lambda: Path("/proc/airflow-venv"))
    assert run_warm("def f(): return 1", cold="FileNotFoundError") == Value(1)
    monkeypatch.setattr(warm_processes, "folder", lambda: warm_folder)

    def full(*_):  # a mock, since a test cannot fill the disk
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(warm_processes, "_write", full)
    assert run_warm("def f(): return 1", cold="No space left on device") == Value(1)
    assert warm_processes.running() == []


def test_a_folder_that_is_not_private_is_not_used(warm_folder):
    """Another user might listen there."""
    warm_folder.mkdir(mode=0o755)
    assert run_warm("def f(): return 1", cold="nobody else can enter") == Value(1)
    warm_folder.rmdir()
    warm_folder.symlink_to("/tmp")
    assert run_warm("def f(): return 1", cold="nobody else can enter") == Value(1)
    warm_folder.unlink()


@pytest.fixture
def shared_folder():
    """Return a folder for warm processes in one that all users can enter; pytest's own folders are the user's."""
    with tempfile.TemporaryDirectory() as base:
        Path(base).chmod(0o755)
        folder = Path(base) / "airflow-venv"
        yield folder
        folder.chmod(0o700)
        warm_processes.stop_all()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_another_user_gets_no_fork(monkeypatch, shared_folder):
    """Access is denied even if the folder is readable for others."""
    monkeypatch.setattr(warm_processes, "folder", lambda: shared_folder)
    run_warm(WHO)
    (path,) = shared_folder.glob("*.sock")
    code = """
        import json, os, socket, sys
        os.setuid(65534)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            connection.connect(sys.argv[1])
            connection.send(json.dumps({"do": "state"}).encode())
            print(connection.recv(1000))
        except OSError as error:
            print(type(error).__name__)
        """

    def answer():
        command = [sys.executable, "-c", textwrap.dedent(code), path]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert answer() == "PermissionError"
    shared_folder.chmod(0o777)
    path.chmod(0o777)
    assert answer() in {"b''", "BrokenPipeError", "ConnectionResetError"}
    assert run_warm("def f(): return 1", cold="nobody else can enter") == Value(1)


def test_a_held_lock_does_not_block_the_task(warm_folder, monkeypatch):
    """Another worker may hang while it starts a process."""
    monkeypatch.setattr(warm, "_START_WAIT", 0.5)
    warm_folder.mkdir(mode=0o700)
    with (warm_folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert run_warm("def f(): return 1", cold="another worker is starting") == Value(1)


def test_workers_that_start_at_once_share_one_process(tmp_path):
    """They use a lock to decide who starts it."""
    source = """
        def f(path):
            import os
            with open(path, "a") as file:
                file.write("%d\\n" % os.getppid())
        """
    path = tmp_path / "parents"
    for parent in [worker(source, str(path), version="3.12") for _ in range(4)]:
        assert parent.wait(60) == 0
    assert path.read_text().split() == [str(zygote()["pid"])] * 4


def test_a_changed_environment_gets_a_new_process(tmp_path):
    """The old process ends."""
    python = environment_with(tmp_path, "counted", "value = 1\n")
    source = "def f():\n    import counted\n    return counted.value\n"
    assert run_warm(source, modules=("counted",), python=python) == Value(1)
    old = zygote()["pid"]
    site = next((tmp_path / "env").glob("lib/python*/site-packages"))
    (site / "counted.py").write_text("value = 2222\n")
    assert run_warm(source, modules=("counted",), python=python) == Value(2222)
    assert zygote()["pid"] != old


def test_the_number_is_bounded_and_the_idle_end():
    """The least recently used process ends first."""
    for number in range(4):
        assert run_warm("def f(): return 1", env=variables(OMP_NUM_THREADS=str(number + 1)), limit=2, idle=2.0)
        assert len(warm_processes.running()) <= 2
    wait_for(lambda: not warm_processes.running(), 30)


def test_a_warm_process_with_a_full_queue_is_listed_and_not_stopped(warm_folder):
    """Its queue is full: `list` shows it without numbers, `stop` passes over it."""
    warm_folder.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener, contextlib.ExitStack() as clients:
        listener.bind(str(warm_folder / "busy.sock"))
        listener.listen(0)
        client = clients.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        client.connect(str(warm_folder / "busy.sock"))
        assert warm_processes.running() == [{"pid": None, "python": ""}]
        assert warm_processes.stop_all() == 0
        assert (warm_folder / "busy.sock").exists()


def test_the_command_line_lists_and_stops(capsys):
    """The output is JSON or text."""
    from airflow_venv.cli import main

    run_warm(WHO)
    assert main(["warm", "list", "--json"]) == 0
    assert [about["pid"] for about in json.loads(capsys.readouterr().out)] == [zygote()["pid"]]
    assert main(["warm", "list"]) == 0
    assert str(zygote()["pid"]) in capsys.readouterr().out
    assert main(["warm", "stop"]) == 0
    assert capsys.readouterr().out == "1 warm process stopped.\n"
    assert main(["warm", "list"]) == 0
    assert capsys.readouterr().out == "There are no warm processes.\n"
