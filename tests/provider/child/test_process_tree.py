"""Finding and ending the processes that a task has started."""

import os
import signal
import subprocess
import sys

from airflow_venv.child import process_tree
from tests.support.waiting import alive, wait_for

SLEEP = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]


def started(command, **options):
    """Start a process, and wait until its program is running."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, **options)
    child.stdout.readline()
    return child


def test_a_process_is_known_by_its_mark_wherever_it_has_gone():
    """This also holds in another session, with another parent."""
    child = started(SLEEP, env={**os.environ, process_tree.MARK: "one"}, start_new_session=True)
    other = started(SLEEP, env={**os.environ, process_tree.MARK: "one two"})
    try:
        assert process_tree.descendants(-1, "one") == [child.pid]
        assert process_tree.descendants(-1, "on") == []
    finally:
        for process in (child, other):
            process.kill()
            process.communicate()
    assert process_tree.descendants(-1, "one") == []


def test_a_process_without_the_mark_is_known_by_its_parents():
    """The process was started with an empty environment."""
    code = f"import subprocess; subprocess.Popen({SLEEP!r}, env={{}}).wait()"
    child = started([sys.executable, "-c", code])
    below = process_tree.descendants(child.pid, "no such mark")
    assert len(below) == 1
    process_tree.end([*below, child.pid])
    child.communicate()
    wait_for(lambda: not any(map(alive, below)))


def test_an_ended_process_that_was_not_waited_for_is_not_listed():
    """A zombie cannot be killed, so waiting for it would never end."""
    child = subprocess.Popen(["true"], env={**os.environ, process_tree.MARK: "zombie"})
    try:
        wait_for(lambda: not alive(child.pid))
        assert child.pid not in process_tree.descendants(os.getppid(), "zombie")
    finally:
        child.wait()


def test_a_process_name_may_have_parentheses(tmp_path):
    """/proc/PID/stat has the name of the process between its other fields."""
    program = tmp_path / "a) R 1 (b"
    program.symlink_to("/bin/sleep")
    child = subprocess.Popen([str(program), "60"])
    try:
        wait_for(lambda: child.pid in process_tree.descendants(os.getpid(), "none"))
    finally:
        child.kill()
        child.wait()


def test_ending_what_is_gone_is_no_error():
    """The process may end on its own before it is killed."""
    child = subprocess.Popen(["true"])
    child.wait()
    process_tree.end([child.pid], signal.SIGTERM)
