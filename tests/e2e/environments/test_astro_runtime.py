"""Astro Runtime with its triggers: the project is copied after the environments are installed, not before."""

import re
import uuid

import pytest

from tests.e2e.environments.conftest import Asked

RUNTIME = "quay.io/astronomer/astro-runtime:9.1.0"
PROJECT = "/usr/local/airflow"

pytestmark = pytest.mark.images(RUNTIME, f"{RUNTIME}-base", "python:3.8-slim-bookworm")


def test_an_edit_of_the_project_rebuilds_no_environment(buildx, api):
    """The order is packages.txt, environments, requirements.txt, project; the steps equal those of the triggers."""
    files = {
        "packages.txt": "",
        "requirements.txt": f"six==1.16.0\n# {uuid.uuid4()}\n",
        "env.txt": f"idna\n# {uuid.uuid4()}\n",
        "dags/a.py": "1",
    }
    text = "ARG V=9.1.0\nFROM quay.io/astronomer/astro-runtime:${V}\nPYENV 3.8 a env.txt\nRUN echo last\n"
    first = buildx(text, files)
    assert "Creating virtual environment at: /home/astro/.venv/a" in first.log
    image = Asked(api, first.image)
    assert image.sh(f"cat {PROJECT}/dags/a.py; stat -c %U {PROJECT}/dags /home/astro/.venv/a") == "1astro\nastro\n"
    assert image.config["User"] == "astro"
    again = buildx(text, files | {"dags/a.py": "2", "requirements.txt": files["requirements.txt"] + "# more\n"})
    assert "Creating virtual environment" not in again.log
    assert Asked(api, again.image).sh(f"cat {PROJECT}/dags/a.py") == "2"


def test_the_two_files_are_optional(build_image):
    """A project without packages.txt and requirements.txt can be built."""
    image = build_image(f"FROM {RUNTIME}\nPYENV 3.8 a\n", {"dags/a.py": "1"})
    assert image.sh(f"ls {PROJECT}/dags; $ASTRO_PYENV_a -V") == "a.py\nPython 3.8.18\n"


def test_a_runtime_image_without_triggers_is_unchanged(build_image):
    """The `-base` image has no triggers, and their steps are not added to it."""
    image = build_image(f"FROM {RUNTIME}-base\nPYENV 3.8 a\n", {"dags/a.py": "1"})
    assert "a.py" not in image.sh(f"ls -R {PROJECT}")
    assert re.search(r"/home/astro/\.venv/a/bin/python", image.env["ASTRO_PYENV_a"])
