"""Paths of programs in environments."""

import sys

import pytest

from airflow_venv.environments import programs
from airflow_venv.environments.programs import executable
from airflow_venv.errors import BrokenEnvironmentError, UnknownEnvironmentError, UnknownProgramError


@pytest.fixture(autouse=True)
def dbt(tmp_path, monkeypatch):
    """Provide an environment with a program, and the default configuration."""
    folder = tmp_path / "dbt" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
    for name, mode in {"dbt": 0o755, "notes.txt": 0o644}.items():
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(mode)
    monkeypatch.setenv("ASTRO_PYENV_dbt", str(folder / "python"))
    monkeypatch.setattr(programs.config, "option", lambda _: "auto")
    return folder


def test_a_program_is_found_beside_the_interpreter(dbt):
    """The environment is found by name, and its interpreter is a program as well."""
    assert executable("dbt", "dbt") == str(dbt / "dbt")
    assert executable("dbt", "python") == str(dbt / "python")


@pytest.mark.parametrize("program", ["dtb", "notes.txt", "snowsql"])
def test_an_unknown_program_is_an_error_with_the_near_miss(program, dbt):
    """A file that is not executable is not a program."""
    with pytest.raises(UnknownProgramError, match="has no program") as caught:
        executable("dbt", program)
    assert str(dbt) in str(caught.value)
    assert ("Did you mean 'dbt'?" in str(caught.value)) is (program == "dtb")


def test_an_unknown_or_broken_environment_is_an_error(monkeypatch, tmp_path):
    """The error is the same as for a task."""
    with pytest.raises(UnknownEnvironmentError, match="Did you mean 'dbt'"):
        executable("dbtt", "dbt")
    monkeypatch.setenv("ASTRO_PYENV_gone", str(tmp_path / "gone"))
    with pytest.raises(BrokenEnvironmentError, match="no such file"):
        executable("gone", "dbt")


def test_a_process_without_environments_parses_the_dag_all_the_same(monkeypatch):
    """This only applies to a process without any environments, and not with the strict setting."""
    monkeypatch.delenv("ASTRO_PYENV_dbt")
    assert executable("dbt", "dbt") == "dbt of the environment dbt, which does not exist in this process"
    monkeypatch.setattr(programs.config, "option", lambda _: "strict")
    with pytest.raises(UnknownEnvironmentError):
        executable("dbt", "dbt")


@pytest.mark.parametrize("program", ["", "bin/dbt", "../dbt"])
def test_a_path_is_not_a_name(program):
    """The program must be in the environment's own folder."""
    with pytest.raises(ValueError, match="without a folder"):
        executable("dbt", program)
