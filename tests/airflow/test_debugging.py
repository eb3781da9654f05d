"""A developer's debugger: in the terminal of `airflow dags test`, and nowhere else."""

import os
import pty
import subprocess
import threading

import pytest

from tests.support.waiting import wait_for

pytestmark = pytest.mark.airflow


@pytest.mark.releases("2.11.2", "3.3.2")
def test_breakpoint_prompts_in_the_terminal(airflow):
    """The prompt is in the terminal; a variable that is changed there is what the task returns."""
    airflow.dag("debugging.py")
    ours, theirs = pty.openpty()
    seen = bytearray()

    def read():
        while True:
            try:
                seen.extend(os.read(ours, 1 << 16))
            except OSError:  # the other end is closed
                return

    reader = threading.Thread(target=read)
    reader.start()
    command = ["airflow", "dags", "test", "debugging", "2024-01-02"]
    process = subprocess.Popen(
        command, env=airflow.variables, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    wait_for(lambda: b"(Pdb)" in seen or process.poll() is not None, 120)
    assert b"(Pdb)" in seen, seen.decode()[-8000:]
    os.write(ours, b"number = 42\ncontinue\n")
    process.wait(120)
    reader.join(10)
    assert airflow.states("debugging") == {"stops": "success"}, seen.decode()[-8000:]
    assert airflow.xcoms("debugging") == {"stops": 42}
    assert b"return number" in seen, "the prompt shows the line of the DAG file"


@pytest.mark.releases("3.3.2")
def test_without_a_terminal_the_error_says_so(airflow):
    """The task fails with a sentence, not with BdbQuit."""
    airflow.dag("debugging.py")
    printed = airflow.run("airflow", "dags", "test", "debugging", "2024-01-02", check=False)
    assert airflow.states("debugging") == {"stops": "failed"}
    assert "there is no terminal to debug in" in printed


@pytest.mark.releases("3.3.2")
def test_the_port_of_an_editor_is_refused_outside_of_a_test_run(airflow):
    """A task that an executor runs would wait for ever."""
    code = "from airflow_venv.worker.developer import debugpy_port; debugpy_port()"
    airflow.variables["AIRFLOW__VENV__DEBUGPY"] = "5678"
    printed = airflow.run("python", "-c", code, check=False)
    assert "[venv] debugpy is 5678 in Airflow's configuration: the task would wait for an editor" in printed


@pytest.mark.releases("3.3.2")
def test_an_environment_without_debugpy_says_what_it_lacks(airflow):
    """The message names the package and the environment's Python."""
    airflow.dag("debugging.py")
    airflow.variables["AIRFLOW__VENV__DEBUGPY"] = "5678"
    printed = airflow.run("airflow", "dags", "test", "debugging", "2024-01-02", check=False)
    assert "[venv] debugpy needs the package debugpy in this environment" in printed
