"""The distribution's metadata, and the cost of importing it."""

import ast
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import airflow_venv
from airflow_venv.child.public_names import SERVICES
from airflow_venv.get_provider_info import get_provider_info

FOLDER = Path(airflow_venv.__file__).parent


def test_airflow_is_all_that_it_needs():
    """Nothing else is installed in an Airflow image, and Airflow 2.4 is the oldest version."""
    project = tomllib.loads((FOLDER.parents[1] / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == ["apache-airflow>=2.4"]


def test_every_decorator_has_its_function():
    """Airflow would only report an invalid class-name when a DAG uses it."""
    for decorator in get_provider_info()["task-decorators"]:
        module, _, name = decorator["class-name"].rpartition(".")
        source = FOLDER.joinpath(*module.split(".")[1:]).with_suffix(".py").read_text()
        assert f"def {name}(" in source
        assert name == f"{decorator['name']}_task"


def test_importing_the_package_imports_no_other_module_of_it():
    """Airflow calls get_provider_info in every process."""
    code = (
        "import sys, airflow_venv.get_provider_info; print(sorted(m for m in sys.modules if m.startswith('airflow')))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(FOLDER.parent)!r}); {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    names = ["", ".child", ".child.public_names", ".config", ".get_provider_info"]
    assert done.stdout.strip() == str([f"airflow_venv{name}" for name in names])


def test_every_public_name_is_listed_and_an_unknown_one_is_an_attribute_error():
    """The lazy exports behave like normal names of a module."""
    assert set(airflow_venv.__all__) <= set(dir(airflow_venv))
    assert not hasattr(airflow_venv, "nothing")


def test_the_services_have_the_same_names_in_the_worker_and_in_an_environment():
    """A function can be moved between `@task` and `@task.venv` without changing its imports."""
    tree = ast.parse((FOLDER / "worker/services.py").read_text())
    listed = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    inside = importlib.import_module("airflow_venv.child")
    assert sorted(listed) == sorted(SERVICES) == sorted(inside.__all__)
    assert set(listed) <= set(airflow_venv.__all__)
