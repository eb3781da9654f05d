"""The name of an environment, and errors about the name or the interpreter."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_venv.environments.lookup import check_name, check_python, environments, find, is_template
from airflow_venv.errors import BrokenEnvironmentError, UnknownEnvironmentError


def test_the_exact_name_is_found_first():
    """If both spellings exist, the given one is used."""
    environ = {"ASTRO_PYENV_a-b": "/dash", "ASTRO_PYENV_a_b": "/underscore"}
    assert find("a-b", environ) == "/dash"
    assert find("a_b", environ) == "/underscore"


@pytest.mark.parametrize("name", ["my-env", "my_env"])
@pytest.mark.parametrize("set_as", ["my-env", "my_env"])
def test_dash_and_underscore_stand_for_each_other(name, set_as):
    """Shells drop variables whose names have a dash, so each spelling also finds the other."""
    assert find(name, {f"ASTRO_PYENV_{set_as}": "/x"}) == "/x"


def test_the_message_of_an_unknown_name_lists_names_and_the_pyenv_line():
    """The error has the variable, all environments, the most similar name and a PYENV line to add."""
    environ = {"ASTRO_PYENV_snowpark": "/a", "ASTRO_PYENV_dbt": "/b", "HOME": "/root"}
    with pytest.raises(UnknownEnvironmentError) as caught:
        find("snopark", environ)
    text = str(caught.value)
    assert "'snopark'" in text
    assert "ASTRO_PYENV_snopark" in text
    assert "Did you mean 'snowpark'?" in text
    assert "dbt, snowpark" in text
    assert "PYENV <python version> snopark" in text
    assert caught.value.known == ("dbt", "snowpark")


def test_an_error_names_fifty_environments_and_counts_the_others():
    environ = {f"ASTRO_PYENV_env_{number:03d}": "/x" for number in range(500)}
    with pytest.raises(UnknownEnvironmentError, match=r"env_048, env_049 and 450 more \(airflow-venv list\)\."):
        find("other", environ)


def test_another_letter_case_is_a_near_miss_and_no_match():
    """PYENV P310 does not create the environment p310, and the error mentions the other spelling."""
    with pytest.raises(UnknownEnvironmentError, match="Did you mean 'P310'"):
        find("p310", {"ASTRO_PYENV_P310": "/x"})


def test_the_message_names_a_process_without_environments():
    """The error says that this process has no environments."""
    with pytest.raises(UnknownEnvironmentError, match="no environments at all"):
        find("a", {})


def test_a_name_in_two_spellings_is_one_environment():
    """A name with a dash is exported in two spellings and listed once."""
    environ = {"ASTRO_PYENV_a-b": "/x", "ASTRO_PYENV_a_b": "/x", "ASTRO_PYENV_c_d": "/y"}
    assert environments(environ) == {"a-b": "/x", "c_d": "/y"}


def test_names_are_read_from_the_process_by_default(monkeypatch):
    """Without an argument, the variables of the process are used."""
    monkeypatch.setenv("ASTRO_PYENV_here", "/h")
    assert find("here") == "/h"
    assert environments()["here"] == "/h"


@pytest.mark.parametrize("name", ["", "1a", "a b", "a/b", "-a", "a.b"])
def test_what_pyenv_would_not_take_is_refused(name):
    """A name that PYENV does not accept is an error before any lookup."""
    with pytest.raises(ValueError, match="cannot be the name"):
        check_name(name)


@pytest.mark.parametrize("name", [3, ["a"], b"a"])
def test_a_name_must_be_text(name):
    """The error has the type of any other value."""
    with pytest.raises(TypeError, match=type(name).__name__):
        check_name(name)


def test_a_decorator_without_a_name_is_explained():
    """`@task.venv` without a name receives the function."""
    for name in (check_name, None):
        with pytest.raises(TypeError, match=r'@task\.venv\("name"\)'):
            check_name(name)


def test_a_template_is_left_for_the_task():
    """The real name of a Jinja template is only known when the task runs."""
    assert is_template("{{ params.env }}")
    assert is_template("{% if x %}a{% endif %}")
    assert not is_template("plain")
    assert check_name("{{ params.env }}")


@pytest.fixture
def program(tmp_path):
    """Provide an executable file."""
    path = tmp_path / "python"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_an_interpreter_in_order_passes(program):
    """The test uses a script and the current interpreter."""
    check_python(str(program), "x")
    check_python(sys.executable, "x")


def test_each_invalid_path_has_its_message(tmp_path):
    """Empty, relative, missing and linked paths, folders and files that are not executable have messages."""
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "gone")
    locked = tmp_path / "locked"
    locked.write_text("")
    locked.chmod(0o644)
    cases = {
        "": "set but empty",
        "bin/python": "must be an absolute path",
        str(tmp_path / "nothing"): "must exist",
        str(link): "does not exist: the interpreter that the environment was made with is gone",
        str(tmp_path): "must be a file",
        str(locked): "may not execute",
    }
    for path, words in cases.items():
        with pytest.raises(BrokenEnvironmentError, match=words) as caught:
            check_python(path, "ASTRO_PYENV_x")
        assert str(caught.value).startswith("ASTRO_PYENV_x is ")
    assert len(set(cases.values())) == len(cases)


ANOTHER_USER = """
import os, sys
from airflow_venv.environments.inventory import describe
from airflow_venv.errors import BrokenEnvironmentError
if os.geteuid() == 0:
    os.seteuid(65534)  # root may enter every folder
print(describe("x", sys.argv[1]).problem)
"""


def test_a_folder_that_may_not_be_entered_is_not_called_missing(program, tmp_path):
    """The folder may be part of the interpreter's path, or of the target of its link."""
    closed = tmp_path / "closed"
    closed.mkdir()
    program.rename(closed / "python")
    link = tmp_path / "link"
    link.symlink_to(closed / "python")
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    closed.chmod(0)
    try:
        for path in (closed / "python", link):
            command = [sys.executable, "-c", ANOTHER_USER, path]
            problem = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            assert f"ASTRO_PYENV_x is '{path}', which this user may not reach: a folder on the way" in problem
    finally:
        closed.chmod(0o755)


def test_a_path_that_no_file_can_have_is_missing():
    with pytest.raises(BrokenEnvironmentError, match="must exist"):
        check_python(f"/opt/{'x' * 300}/bin/python", "x")


def test_a_relative_path_is_refused_even_where_it_exists(program, monkeypatch):
    """The path must not depend on the worker's working directory."""
    monkeypatch.chdir(program.parent)
    with pytest.raises(BrokenEnvironmentError, match="absolute"):
        check_python("python", "x")


def test_a_program_for_another_processor_is_recognised_by_its_header(tmp_path):
    """The ELF header is compared, and the program is not started."""
    path = tmp_path / "python"
    ours = Path(sys.executable).resolve().read_bytes()[:20]
    if ours[:4] != b"\x7fELF":
        pytest.skip("no ELF here")
    other = 183 if struct.unpack_from("<H", ours, 18)[0] != 183 else 62
    path.write_bytes(ours[:18] + struct.pack("<H", other))
    path.chmod(0o755)
    with pytest.raises(BrokenEnvironmentError, match="built for another platform"):
        check_python(str(path), "x")


def test_short_files_are_no_programs_of_another_machine(tmp_path):
    """For a file shorter than a header, the system reports the error."""
    path = tmp_path / "python"
    path.write_bytes(b"\x7fELF")
    path.chmod(0o755)
    check_python(str(path), "x")
    assert os.access(path, os.X_OK)
