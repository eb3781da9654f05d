"""`warm=` and `[venv] warm` with Airflow's own classes, in an environment without Airflow."""

import contextlib
import os
import signal
from pathlib import Path

import pytest

from airflow_venv import VenvBranchOperator, VenvOperator, VenvSensor, VenvShortCircuitOperator
from airflow_venv.worker import warm_processes


def parents():
    import os
    import random

    return [os.getppid(), os.getpid(), random.random()]


@pytest.fixture(autouse=True)
def private_folder(tmp_path_factory, monkeypatch):
    """Use a new folder for warm processes, and kill those that the test has started."""
    folder = tmp_path_factory.mktemp("w") / "airflow-venv"
    monkeypatch.setattr(warm_processes, "folder", lambda: Path(folder))
    yield
    for about in warm_processes.running():
        with contextlib.suppress(ProcessLookupError):
            os.kill(about["pid"], signal.SIGKILL)


def test_a_task_is_cold_by_default(execute):
    assert execute(parents)[0] == os.getpid()
    assert warm_processes.running() == []


def test_warm_tasks_share_a_process_that_has_imported_what_the_function_names(execute):
    first, second = execute(parents, warm=True), execute(parents, warm=("decimal",))
    assert first[0] == second[0] != os.getpid()
    assert first[1:] != second[1:]
    (about,) = warm_processes.running()
    assert about["modules"] == ["decimal", "os", "random"]


def test_the_configuration_is_the_default_and_a_task_can_leave_it(execute, monkeypatch):
    monkeypatch.setenv("AIRFLOW__VENV__WARM", "on")
    assert execute(parents)[0] == warm_processes.running()[0]["pid"]
    assert execute(parents, warm=False)[0] == os.getpid()
    monkeypatch.setenv("AIRFLOW__VENV__WARM_LIMIT", "many")
    with pytest.raises(ValueError, match="warm_limit is 'many'.* a whole number above 0"):
        execute(parents)


@pytest.mark.parametrize("form", [VenvOperator, VenvBranchOperator, VenvShortCircuitOperator, VenvSensor])
def test_every_form_takes_it(dag, form):
    assert form(task_id="t", venv="py38", python_callable=parents, warm=("json",)).warm == ("json",)


@pytest.mark.parametrize("wrong", ["pandas", (), (1,), ("pandas; os",), 3])
def test_a_value_that_is_no_module_is_refused(dag, wrong):
    with pytest.raises(TypeError, match="must be True, False or names of modules"):
        VenvOperator(task_id="t", venv="py38", python_callable=parents, warm=wrong)
