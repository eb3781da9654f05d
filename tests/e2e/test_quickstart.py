"""The quickstart with real parts: `examples/quickstart` is built, and its DAG runs in the image."""

import re

import pytest

from tests.support import examples
from tools import dag_runs, wheels
from tools.build_image import FRONTEND
from tools.files import write_files


@pytest.fixture(scope="module")
def wheel():
    """Return a folder that contains the provider's wheel."""
    return wheels.provider_wheel()


def test_the_quickstart_runs_each_task_on_its_own_python(buildx, base_images, wheel, tmp_path, look):
    """Three Pythons in one image pass values to each other, including a pandas frame."""
    base_images("apache/airflow:3.3.2-python3.12", "python:3.9-slim-bookworm", "python:3.11-slim-bookworm")
    files = examples.files("quickstart")
    files["Dockerfile"] = files["Dockerfile"].replace(FRONTEND.encode(), buildx.frontend.encode())
    write_files(tmp_path / "quickstart", files)
    build = buildx.build_folder(tmp_path / "quickstart", f"--build-context=provider={wheel}")
    assert build.code == 0, build.log

    env = look(build.image).env
    assert env["ASTRO_PYENV_report"] == "/home/airflow/.venv/report/bin/python"
    assert env["ASTRO_PYENV_tiny"] == "/home/airflow/.venv/tiny/bin/python"

    run = dag_runs.run_dag(buildx.engine, build.image, "quickstart")
    assert run.code == 0, run.log[-6000:]
    assert [task.state for task in run.tasks] == ["success"] * 4
    assert run.value("totals")["python"].startswith("3.9.")
    assert run.value("totals")["interpreter"] == env["ASTRO_PYENV_report"]
    assert re.search(r"Oslo\s+7", run.value("totals")["result"])
    assert run.value("best")["result"] == "Oslo sold 7"
    assert run.value("announce")["python"].startswith("3.11.")
    assert run.value("announce")["interpreter"] == env["ASTRO_PYENV_tiny"]
