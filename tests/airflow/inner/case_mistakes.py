"""Common mistakes of users, and the error messages for them."""

import logging
import os
import types

import pytest

from airflow_venv import VenvOperator, VenvSensor
from airflow_venv._compat import AIRFLOW_3, AirflowSkipException
from airflow_venv.errors import SourceError
from airflow_venv.results import FunctionError

if AIRFLOW_3:
    from airflow.sdk import task
else:
    from airflow.decorators import task

MATCH = """
def f(x):
    match x:
        case 1:
            return "one"
"""


def f():
    return 1


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"requirements": ["pandas"]}, r"requirements: .*PYENV line: PYENV <version> <name> requirements\.txt"),
        ({"python_version": "3.9"}, "python_version: .*PYENV <version> <name>"),
        ({"system_site_packages": False}, "system_site_packages: .*PYENV --system-site-packages"),
        ({"pip_install_options": ["-q"]}, "pip_install_options: .*requirements file"),
        ({"index_urls": ["https://index.example"]}, "index_urls: .*--index-url"),
        ({"index_urls_from_connection_ids": ["c"]}, "index_urls_from_connection_ids: .*secret"),
        ({"venv_cache_path": "/tmp"}, "venv_cache_path: leave it out"),
        ({"requirements": [], "index_urls": []}, "requirements: .*; index_urls: "),
    ],
)
def test_options_of_virtualenv_are_refused_with_their_replacement(dag, options, advice):
    with pytest.raises(TypeError, match=advice):
        task.venv("py38", **options)
    with pytest.raises(TypeError, match=advice):
        task.venv("py38")(f).override(**options)()
    with pytest.raises(TypeError, match=advice):
        VenvOperator(task_id="t", venv="py38", python_callable=f, **options)
    with pytest.raises(TypeError, match=advice):
        VenvSensor(task_id="t", venv="py38", python_callable=f, **options)


def test_a_missing_name_is_reported(dag):
    with pytest.raises(TypeError, match=r'needs the name of an environment: @task\.venv\("name"\)'):
        task.venv()
    with pytest.raises(TypeError, match=r'needs the name of an environment: @task\.venv\("name"\)'):
        task.venv(f)
    with pytest.raises(TypeError, match="env: the environment's name is venv=, variables .* env_vars="):
        task.venv(env="py38")
    with pytest.raises(TypeError, match="either the name of an environment, as in"):
        VenvOperator(task_id="t", python_callable=f)


def test_a_decorated_function_takes_its_arguments_where_it_is_called(dag):
    from airflow_venv import venv

    for decorator in (task.venv, venv):
        with pytest.raises(TypeError, match=r"takes its arguments where it is called, .* op_args= is for VenvOperator"):
            decorator("py38", op_args=[1])(f)


def test_task_is_airflow_s_own(dag):
    import airflow_venv

    assert airflow_venv.task is task

    @airflow_venv.task.venv("py38")
    def g(x):
        return x + 1

    operator = g(1).operator
    assert operator.execute({}) == 2


@pytest.mark.skipif(os.sys.version_info < (3, 10), reason="the worker must read what the environment cannot")
def test_newer_syntax_breaks_the_dag_where_the_environment_is_known(dag, tmp_path, monkeypatch):
    path = tmp_path / "newer.py"
    path.write_text(MATCH)
    namespace = {"__name__": "newer"}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    message = rf"The environment 'py38' runs Python 3\.8\S*, which cannot read line 3 of {path} \(function f\): .*3\.10"
    if os.sys.version_info < (3, 12):
        message = message.replace("line 3", "line .")
    with pytest.raises(SourceError, match=message.replace("line 3", "line [34]")):
        VenvOperator(task_id="t", venv="py38", python_callable=namespace["f"], op_args=[1])
    assert VenvOperator(task_id="u", venv="py313", python_callable=namespace["f"], op_args=[1])
    monkeypatch.setenv("AIRFLOW__VENV__PARSE_CHECK", "off")
    assert VenvOperator(task_id="v", venv="py38", python_callable=namespace["f"], op_args=[1])


def test_a_run_without_a_logical_date_is_explained(execute):
    def of_day(ds):
        return ds

    def of_day_or_not(ds=None):
        return ds

    context = {"dag_run": types.SimpleNamespace(logical_date=None)}
    with pytest.raises(TypeError, match=r"of_day\(\) needs 'ds', which .*no logical date"):
        execute(of_day, context=context)
    assert execute(of_day_or_not, context=context) is None
    with pytest.raises(TypeError, match="needs 'ds', which Airflow's context does not have in this run"):
        execute(of_day)


def test_an_inherited_variable_can_be_taken_away(execute, monkeypatch):
    def read():
        import os

        return [os.environ.get("FROM_WORKER"), os.environ.get("MINE")]

    monkeypatch.setenv("FROM_WORKER", "yes")
    assert execute(read, env_vars={"FROM_WORKER": None, "MINE": None}) == [None, None]
    assert execute(read, env_vars={"MINE": 3}) == ["yes", "3"]


@pytest.mark.parametrize(("code", "left"), [(-1, 255), (255, 255), (257, 1), (True, 1)])
def test_an_exit_code_is_that_of_a_process(execute, code, left):
    def leave(code):
        import sys

        sys.exit(code)

    with pytest.raises(AirflowSkipException, match=f"code {left}"):
        execute(leave, op_args=[code], skip_on_exit_code=left)
    with pytest.raises(FunctionError, match=f"exit code {left}"):
        execute(leave, op_args=[code])


def test_an_exit_code_of_a_multiple_of_256_is_a_success(execute):
    def leave():
        import sys

        sys.exit(256)

    assert execute(leave) is None


def test_the_log_names_the_environment_once(dag, caplog, monkeypatch):
    from airflow_venv.environments import facts

    monkeypatch.setattr(VenvOperator, "log", logging.getLogger("ours"))
    caplog.set_level("INFO", "ours")
    operator = VenvOperator(task_id="t", venv="py38", python_callable=f)
    operator.execute({})
    operator.execute({})
    path = os.environ["ASTRO_PYENV_py38"]
    version = ".".join(map(str, facts.read(path).version))
    messages = [record.getMessage() for record in caplog.records if "Running in" in record.getMessage()]
    assert messages == [f"Running in the environment 'py38': Python {version}, {path}"]
