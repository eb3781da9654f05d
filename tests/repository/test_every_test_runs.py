"""Every test in the repository is collected, and is where a reader expects it."""

import ast
import subprocess
import sys
from pathlib import PurePosixPath

import pytest

from tools.state import ROOT

OUTPUT = {
    "_build", "buck-out", "build", "CVS", "dist", "env", "htmlcov", "node_modules", "site", "site-packages",
    "target", "venv",
}  # fmt: skip
"""Folder names that pytest, ruff, mypy, packaging tools or search tools skip as build output."""
WITHIN_AIRFLOW = "tests/airflow/inner"
"""tests/airflow/test_inner.py runs these with pytest in another installation."""


def tracked(*patterns):
    """Return the repository's files, including new ones that git does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for path in listed.split("\0") if path and (ROOT / path).exists()]


def functions(path):
    """Yield the names of the test functions in a file, with the class name for those in test classes."""
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield node.name
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            methods = [item.name for item in node.body if isinstance(item, ast.FunctionDef)]
            yield from (f"{node.name}::{name}" for name in methods if name.startswith("test"))


@pytest.fixture(scope="module")
def collected():
    """Return the test functions that pytest collects, including slow ones."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return {line.partition("[")[0] for line in done.stdout.splitlines() if "::" in line}


def test_every_test_function_on_disk_is_collected(collected):
    """No test is skipped because of its folder's name, its file's name or a duplicate name."""
    on_disk = [f"{path}::{name}" for path in tracked("*.py") if WITHIN_AIRFLOW not in path for name in functions(path)]
    assert sorted(set(on_disk)) == sorted(on_disk), "a name is defined twice: the first of the two never runs"
    assert set(on_disk) == collected


def test_every_case_within_airflow_is_in_a_file_that_is_run():
    """Files that `test_inner.py` does not run have no tests."""
    names = {PurePosixPath(path).name for path in tracked(f"{WITHIN_AIRFLOW}/*.py") if list(functions(path))}
    assert names
    assert all(name.startswith("case_") for name in names)


def test_no_folder_has_a_name_that_tools_take_for_output():
    """Tools would skip such folders and the tests in them."""
    folders = {part for path in tracked() for part in PurePosixPath(path).parts[:-1]}
    assert not folders & OUTPUT


@pytest.mark.parametrize(
    ("tests", "sources"),
    [
        ("tests/frontend", ["frontend/src/pyenv_frontend"]),
        ("tests/frontend/image", ["frontend/src/pyenv_image", "frontend/image"]),
        ("tests/provider", ["provider/src/airflow_venv"]),
        ("tests/tools", ["tools"]),
    ],
)
def test_unit_tests_carry_the_name_of_their_module(tests, sources):
    """`tests/frontend/x/test_y.py` tests `x/y.py`; `test_<package>.py` tests a package's `__init__`."""
    for path in tracked(f"{tests}/*test_*.py"):
        below = PurePosixPath(path).relative_to(tests)
        if tests == "tests/frontend" and below.parts[0] == "image":
            continue
        name = below.name.removeprefix("test_")
        modules = [below.with_name(name)]
        if below.parent.name == name.removesuffix(".py"):
            modules.append(below.with_name("__init__.py"))
        assert any((ROOT / source / module).exists() for source in sources for module in modules), path
