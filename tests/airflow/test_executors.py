"""A table of tasks under every executor, compared by states, results and logs."""

import contextlib
import os
import re
import signal
from pathlib import Path

import pytest

from tests.airflow.deployments import deploy
from tests.airflow.installations import CLUSTERS, environment, release
from tests.airflow.table import LINES, ROWS, SECRETS, parameters
from tests.support.waiting import alive
from tools.state import Unavailable

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1200)]

DAGS = ["endings.py", "lines.py", "moments.py", "values.py", "warm.py"]
BATCH = ["crowd", "endings", "lines", "values", "warm"]
"""The DAGs that only need to be triggered."""
KINDS = (
    ("3.3.2", "local"),
    ("2.11.2", "local"),
    ("3.3.2", "celery"),
    pytest.param(("3.3.2", "edge"), marks=pytest.mark.matrix),
)


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: f"{kind[1]}-{kind[0]}")
def deployment(request, tmp_path_factory):
    """Provide a deployment in which the DAGs of the table have run."""
    version, kind = request.param
    environments = {"none": environment("3.8"), "py38": environment("3.8"), "py313": environment("3.13")}
    environments |= {line: str(release(inside).install() / "python") for line, inside in LINES.items()}
    variables = {
        **SECRETS,
        "AIRFLOW__VENV__WARM_IDLE": "3600",
        **{f"ASTRO_PYENV_{name}": python for name, python in environments.items()},
    }
    with contextlib.ExitStack() as stack:
        try:
            home = tmp_path_factory.mktemp(kind)
            variables["TMPDIR"] = str(home)  # a separate set of warm processes, which ends with the deployment
            running = stack.enter_context(deploy(CLUSTERS[version], kind, home, DAGS, lambda _: variables))
            stack.callback(end_warm_process, running)
        except Unavailable as reason:
            pytest.skip(str(reason))
        running.trigger(*BATCH)
        running.wait(lambda: running.ended(*BATCH), 600)
        yield running


@pytest.mark.parametrize("row", parameters(ROWS))
def test_a_task_ends_as_it_should(deployment, row):
    """The task has the expected state, result, number of tries and log."""
    row.check(deployment)


def test_what_the_environment_pushed_is_there(deployment):
    """Functions in every environment push an XCom under a key of their own."""
    pushed = deployment.xcoms("lines", "pushed")
    assert pushed == {f"ask_{line}": [1, "é"] for line in ("none", *LINES)}


def test_warm_tasks_are_forked_from_one_process_with_every_executor(deployment):
    """Each warm task is a new process that ends normally; the process that it was forked from stays alive."""
    values = deployment.xcoms("warm")
    zygote, pid, *rest = values["first"]
    assert rest == ["1.5", [3, 13]]
    assert values["second"][0] == zygote
    assert values["second"][1] != pid
    assert deployment.states("warm") == {"first": "success", "second": "success", "third": "failed"}
    logs = [deployment.log("warm", task) for task in ("first", "second", "third")]
    assert "Not warm" not in "".join(logs)
    assert "printed by the third" in logs[2]
    assert f"ValueError: parent {zygote}" in logs[2]


def end_warm_process(deployment):
    """Kill the process that the warm tasks were forked from."""
    with contextlib.suppress(KeyError, ProcessLookupError):
        os.kill(deployment.xcoms("warm")["first"][0], signal.SIGKILL)


def test_a_callback_sees_the_exception_of_the_dag_file(deployment):
    """The exception has its class name and bases, as in an ordinary task."""
    name, is_value_error, text = deployment.notes()["callback"]
    assert (name, is_value_error) == ("BadData", True)
    assert text.startswith("row 7")


def test_a_task_that_timed_out_leaves_no_process(deployment):
    """Neither the function nor the processes it started are left."""
    pids = deployment.mark("too_long").read_text().split()
    deployment.wait(lambda: not any(map(alive, pids)), 30)


def test_a_task_that_is_marked_failed_is_ended(deployment):
    """The function and the processes it started end, and the state stays as the user set it."""
    deployment.trigger("marked_failed")
    pids = (
        deployment.wait(deployment.mark("marked_failed").exists, 120) and deployment.mark("marked_failed").read_text()
    )
    assert all(map(alive, pids.split()))
    deployment.fail("marked_failed", "sleeps")
    deployment.wait(lambda: not any(map(alive, pids.split())), 60)
    deployment.wait(lambda: deployment.ended("marked_failed"), 60)
    assert deployment.states("marked_failed") == {"sleeps": "failed"}


def test_a_task_that_is_cleared_begins_anew(deployment):
    """The first function and the processes it started end; the second run gives the result."""
    deployment.trigger("cleared")
    deployment.wait(deployment.mark("cleared").exists, 120)
    pids = deployment.mark("cleared").read_text().split()
    deployment.clear("cleared", "sleeps")
    deployment.wait(lambda: not any(map(alive, pids)), 60)
    deployment.wait(lambda: deployment.ended("cleared"), 180)
    assert deployment.states("cleared") == {"sleeps": "success"}
    assert deployment.xcoms("cleared") == {"sleeps": "the second time"}


def test_a_task_whose_supervisor_is_killed_is_ended(deployment):
    """On Airflow 3, the function and its child processes end at once, before Airflow misses a heartbeat."""
    if deployment.release.number < (3,):
        pytest.skip("in Airflow 2 a task's process runs on by itself")
    deployment.trigger("orphaned")
    deployment.wait(deployment.mark("orphaned").exists, 120)
    pids = deployment.mark("orphaned").read_text().split()
    os.kill(parent(parent(pids[0])), signal.SIGKILL)
    deployment.wait(lambda: not any(map(alive, pids)), 30)


def parent(pid):
    """Return the id of a process's parent."""
    return int(re.search(r"PPid:\t(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def test_a_worker_waits_for_its_tasks_on_a_warm_shutdown(deployment):
    """This must be the last test of each deployment. Warm processes are kept for the next worker."""
    deployment.trigger("shut_down")
    deployment.wait(deployment.mark("shut_down").exists, 120)
    deployment.shut_down_warmly()
    assert deployment.states("shut_down") == {"sleeps": "success"}, deployment.log("shut_down", "sleeps")
    assert deployment.xcoms("shut_down") == {"sleeps": "to its end"}
    assert alive(deployment.xcoms("warm")["first"][0])
