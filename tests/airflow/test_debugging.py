"""Debuggers work in the terminal of `airflow dags test`, and nowhere else."""

import os
import pty
import subprocess
import threading

import pytest

from tests.airflow.installations import environment
from tests.support.editor import Editor
from tests.support.services import free_port
from tests.support.waiting import wait_for

pytestmark = pytest.mark.airflow


@pytest.mark.releases("2.11.2", "3.3.2")
@pytest.mark.parametrize(
    "command",
    [
        ["airflow", "dags", "test", "debugging", "2024-01-02"],
        ["airflow", "tasks", "test", "debugging", "stops", "2024-01-02"],
        ["python", "dags/debugging.py"],
    ],
    ids=["dags test", "tasks test", "dag.test()"],
)
def test_breakpoint_prompts_in_the_terminal(airflow, command):
    """A variable that is changed at the prompt changes the task's result."""
    airflow.dag("debugging.py")
    ours, theirs = pty.openpty()
    seen = bytearray()

    def read():
        while True:
            try:
                seen.extend(os.read(ours, 1 << 16))
            except OSError:  # the other end was closed
                return

    reader = threading.Thread(target=read)
    reader.start()
    process = subprocess.Popen(
        [airflow.release.bin / command[0], *command[1:]],
        cwd=airflow.home,
        env=airflow.variables,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    wait_for(lambda: b"(Pdb)" in seen or process.poll() is not None, 120)
    assert b"(Pdb)" in seen, seen.decode()[-8000:]
    os.write(ours, b"number = 42\ncontinue\n")
    process.wait(120)
    reader.join(10)
    assert b"Returned value was: 42" in seen, seen.decode()[-8000:]
    assert b"return number" in seen, "the prompt shows the line of the DAG file"


@pytest.mark.releases("2.11.2", "3.3.2")
def test_an_editor_attaches_and_stops_at_its_breakpoint(airflow):
    """The function waits for the editor, stops at the line, and continues with the value that the editor has set."""
    airflow.dag("editing.py")
    file = airflow.home / "dags/editing.py"
    line = file.read_text().splitlines().index("        return number + 1") + 1
    port = free_port()
    airflow.variables["AIRFLOW__VENV__DEBUGPY"] = str(port)
    airflow.variables["ASTRO_PYENV_debugpy"] = environment("3.8", "debugpy")
    printed = []
    command = ("airflow", "dags", "test", "editing", "2024-01-02")
    run = threading.Thread(target=lambda: printed.append(airflow.run(*command, check=False)))
    run.start()
    with Editor(port) as editor:
        editor.attach(str(file), line)
        thread = editor.event("stopped")["threadId"]
        frame = editor.request("stackTrace", threadId=thread)["stackFrames"][0]
        assert (frame["name"], frame["line"], frame["source"]["path"]) == ("pauses", line, str(file))
        editor.request("evaluate", expression="number = 49", frameId=frame["id"], context="repl")
        editor.request("continue", threadId=thread)
        editor.event("terminated")
    run.join(120)
    assert f"Waiting for an editor to attach to 127.0.0.1:{port}" in printed[0]
    assert "Returned value was: 50" in printed[0], printed[0][-6000:]


@pytest.mark.releases("3.3.2")
def test_a_breakpoint_without_a_terminal_is_an_error(airflow):
    """The task fails with a clear message instead of BdbQuit."""
    airflow.dag("debugging.py")
    printed = airflow.run("airflow", "dags", "test", "debugging", "2024-01-02", check=False)
    assert airflow.states("debugging") == {"stops": "failed"}
    assert "there is no terminal to debug in" in printed


@pytest.mark.releases("3.3.2")
def test_the_port_of_an_editor_is_refused_outside_of_a_test_run(airflow):
    """A task under an executor would wait forever."""
    code = "from airflow_venv.worker.developer import debugpy_port; debugpy_port()"
    airflow.variables["AIRFLOW__VENV__DEBUGPY"] = "5678"
    printed = airflow.run("python", "-c", code, check=False)
    assert "[venv] debugpy is 5678 in Airflow's configuration: the task would wait for an editor" in printed


@pytest.mark.releases("3.3.2")
def test_a_missing_debugpy_is_named(airflow):
    """The message names the package and the environment's Python."""
    airflow.dag("debugging.py")
    airflow.variables["AIRFLOW__VENV__DEBUGPY"] = "5678"
    printed = airflow.run("airflow", "dags", "test", "debugging", "2024-01-02", check=False)
    assert "[venv] debugpy needs the package debugpy in this environment" in printed
