"""Type checkers understand the decorator, checked with a real installation of Airflow."""

import json
import re
import shutil
import subprocess
import sys
import textwrap

import pytest

from tools.state import ROOT

pytestmark = pytest.mark.airflow
API = ROOT / "tests" / "typing" / "api.py"


PAGES = [ROOT / "README.md", ROOT / "docs/index.md", ROOT / "docs/tutorial.md", ROOT / "docs/reference/provider.md"]
STRICT = """
[mypy]
strict = true
"""
AIRFLOW = """
[mypy-airflow.*]
ignore_errors = true
"""
each_checker = pytest.mark.parametrize("checker", ["mypy", "pyright"])


def check(checker, airflow, folder, *files, strict=False):
    """Run a type checker on files, with its default settings or in strict mode."""
    if checker == "pyright" and not shutil.which("node"):
        pytest.skip("pyright needs Node.js")
    python = str(airflow.release.bin / "python")
    if checker == "mypy":
        (folder / "mypy.ini").write_text((STRICT if strict else "[mypy]\n") + "follow_imports = silent\n" + AIRFLOW)
        command = ["-m", "mypy", "--config-file", folder / "mypy.ini", "--python-executable", python]
    else:
        settings = {"reportUnnecessaryTypeIgnoreComment": strict, "enableTypeIgnoreComments": False}
        (folder / "pyrightconfig.json").write_text(json.dumps({"pythonPath": python, **settings}))
        command = ["-m", "pyright", "--pythonpath", python, "--project", folder / "pyrightconfig.json"]
    sources = str(ROOT / "provider" / "src")
    environment = {**airflow.variables, "MYPYPATH": sources, "PYTHONPATH": sources, "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [sys.executable, *map(str, command), *map(str, files)],
        capture_output=True, text=True, check=False, env=environment, cwd=folder,
    )  # fmt: skip


@pytest.mark.releases("3.3.2")
@each_checker
def test_decorated_functions_keep_their_signatures(airflow, checker, tmp_path):
    """The type checker reports errors exactly where the file expects them."""
    done = check(checker, airflow, tmp_path, API, strict=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.releases("3.3.2")
@each_checker
def test_the_form_that_is_shown_everywhere_checks(airflow, checker, tmp_path):
    """Decorators in the README, pages and examples have no type errors, as they had with Airflow's own `task`."""
    shown = []
    for page in PAGES:
        blocks = re.findall(r"^( *)```python\n(.*?)^\1```", page.read_text(), re.MULTILINE | re.DOTALL)
        for number, (_, text) in enumerate(blocks):
            if "@task.venv" in text:
                shown.append(tmp_path / f"{page.stem.lower()}_{number}.py")
                shown[-1].write_text(textwrap.dedent(text))
    for path in sorted((ROOT / "examples").rglob("dags/*.py")):
        if "from airflow_venv import task" in path.read_text():
            shown.append(tmp_path / f"example_{path.name}")
            shutil.copy(path, shown[-1])
    assert len(shown) > 8
    complaints = (
        "No overload",
        "call-overload",
        "reportCallIssue",
        "reportArgumentType",
        "arg-type",
        "untyped-decorator",
    )
    done = check(checker, airflow, tmp_path, *shown)
    assert not [line for line in done.stdout.splitlines() if any(word in line for word in complaints)], done.stdout
    readme = shown[0].read_text()
    assert "from airflow_venv import task" in readme
    shown[0].write_text(readme.replace("from airflow_venv", "from airflow.sdk"))
    done = check(checker, airflow, tmp_path, shown[0])
    assert any(word in done.stdout for word in complaints), done.stdout
