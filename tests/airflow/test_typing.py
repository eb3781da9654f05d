"""Type checkers follow the decorator, against a real installation of Airflow."""

import json
import shutil
import subprocess
import sys

import pytest

from tools.state import ROOT

pytestmark = pytest.mark.airflow
API = ROOT / "tests" / "typing" / "api.py"


@pytest.mark.releases("3.3.2")
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_decorated_functions_keep_their_signatures(airflow, checker, tmp_path):
    """No error where there is none, and one wherever the file says that there must be."""
    if checker == "pyright" and not shutil.which("node"):
        pytest.skip("pyright needs Node.js")
    python = str(airflow.release.bin / "python")
    if checker == "mypy":
        (tmp_path / "mypy.ini").write_text(
            "[mypy]\nstrict = true\nmypy_path = $MYPY_CONFIG_FILE_DIR\nfollow_imports = silent\n"
            "[mypy-airflow.*]\nignore_errors = true\nfollow_imports = skip\n"
        )
        command = ["-m", "mypy", "--config-file", tmp_path / "mypy.ini", "--python-executable", python, API]
    else:
        settings = {"pythonPath": python, "reportUnnecessaryTypeIgnoreComment": True, "enableTypeIgnoreComments": False}
        (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
        command = ["-m", "pyright", "--pythonpath", python, "--project", tmp_path / "pyrightconfig.json", API]
    sources = str(ROOT / "provider" / "src")
    environment = {**airflow.variables, "MYPYPATH": sources, "PYTHONPATH": sources}
    environment["PATH"] = "/usr/bin:/bin"
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, check=False, env=environment, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
