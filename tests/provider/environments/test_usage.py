"""Environments with the DAG files that use them."""

import subprocess
import sys

import pytest

from airflow_venv.environments.inventory import describe
from airflow_venv.environments.usage import environment_uses, to_json
from airflow_venv.errors import UsageError


@pytest.fixture
def reports(tmp_path):
    """Create one environment whose name has a dash."""
    home = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    return [describe("my-env", str(home / "bin" / "python"))]


def test_functions_are_listed_under_the_environment_that_they_mean(reports, tmp_path):
    """A dash equals an underscore, and an unknown name gets an entry with its error message."""
    file = tmp_path / "dag.py"
    file.write_text("@task.venv('my_env')\ndef f(): pass\n@task.venv('other')\ndef g(): pass\n")
    here, missing = environment_uses(reports, str(file))
    assert (here.name, [(demand.line, demand.function) for demand in here.demands]) == ("my-env", [(1, "f")])
    assert (missing.name, missing.report) == ("other", None)
    assert missing.problem.startswith("There is no environment 'other'")
    assert here.problem == ""


def test_a_folder_that_does_not_exist_is_an_error(reports, tmp_path):
    with pytest.raises(UsageError, match="There is no file or folder"):
        environment_uses(reports, str(tmp_path / "nowhere"))


def test_json_has_every_fact(reports, tmp_path):
    """The keys are the same for an existing environment and for one that only a file names."""
    (tmp_path / "environment" / "pylock.toml").touch()
    reports = [describe("my-env", reports[0].facts.python)]
    file = tmp_path / "dag.py"
    file.write_text("\n@task.venv('other')\ndef g(): pass\n")
    here, missing = map(to_json, environment_uses(reports, str(file), measure=True))
    assert here["version"] == ".".join(map(str, sys.version_info[:3]))
    assert (here["lock"], here["pyenv"]) == (str(tmp_path / "environment" / "pylock.toml"), None)
    assert here["size"] > 1000
    assert (here["size_is_whole"], here["unreadable"]) == (True, [])
    assert here["end_of_life"].startswith("20")
    assert (missing["python"], missing["size"], missing["packages"]) == (None, None, {})
    assert missing["used_by"] == [{"file": str(file), "line": 2, "function": "g"}]
    assert here.keys() == missing.keys()


def test_sizes_are_measured_on_request_only(reports):
    """The text output does not have them, and measuring takes seconds."""
    (use,) = environment_uses(reports)
    assert use.size is None
