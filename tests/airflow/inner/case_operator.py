"""The operator's behaviour in detail: arguments, results, options and refusals."""

import copy
import datetime
import os
import pickle
import subprocess
import sys
import time

import pytest

from airflow_venv import VenvBranchOperator, VenvOperator, VenvSensor, VenvShortCircuitOperator
from airflow_venv._compat import (
    AIRFLOW_3,
    AIRFLOW_VERSION,
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    ExternalPythonOperator,
    conf,
)
from airflow_venv.errors import BrokenEnvironmentError, SourceError, UnknownEnvironmentError, VenvError
from airflow_venv.results import FunctionError
from airflow_venv import config
from airflow_venv.get_provider_info import get_provider_info

if AIRFLOW_3:
    from airflow.sdk import task
else:
    from airflow.decorators import task


def test_every_form_is_an_external_python_operator():
    for kind in (VenvOperator, VenvBranchOperator, VenvSensor, VenvShortCircuitOperator):
        assert issubclass(kind, ExternalPythonOperator)


def test_arguments_arrive_as_they_are(execute):
    def f(a, b, c=False, d=False):
        return [a, b, c, d]

    when = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
    assert execute(f, op_args=[0, 1], op_kwargs={"c": True}) == [0, 1, True, False]
    assert execute(f, op_args=[{1: (2, {3})}, b"x"], op_kwargs={"d": when}) == [{1: (2, {3})}, b"x", False, when]


def test_none_is_a_value(execute):
    def f():
        return None

    assert execute(f) is None


def test_arguments_that_the_function_does_not_take_are_left_out(execute):
    def f(a):
        return a

    assert execute(f, op_kwargs={"a": 1, "b": 2}) == 1


def test_an_argument_given_twice_is_refused(execute):
    def f(a, ds=None):
        return a

    with pytest.raises(ValueError, match="The key 'a' in args is a part of kwargs and therefore reserved"):
        execute(f, op_args=[1], op_kwargs={"a": 2})
    with pytest.raises(ValueError, match="'ds'"):
        execute(f, op_args=[1, 2], context={"ds": "2024-01-01"})


def test_the_operator_is_left_as_it_was(dag):
    def f(a, templates_dict):
        return [a, templates_dict]

    kwargs = {"a": 1}
    operator = VenvOperator(task_id="t", venv="py38", python_callable=f, op_kwargs=kwargs, templates_dict={"x": "y"})
    assert operator.execute({}) == [1, {"x": "y"}]
    assert operator.execute({}) == [1, {"x": "y"}]
    assert operator.op_kwargs == {"a": 1} == kwargs


def test_string_args_arrive_line_by_line(execute):
    def f():
        return virtualenv_string_args  # noqa

    assert execute(f, string_args=["1", 2, "a\nb"]) == ["1", "2", "a", "b"]


def test_the_environment_s_variables_are_the_ones_asked_for(execute, monkeypatch):
    def f():
        import os

        return {name: os.environ.get(name) for name in ("FROM_WORKER", "MINE")}

    monkeypatch.setenv("FROM_WORKER", "yes")
    assert execute(f, env_vars={"MINE": "1"}) == {"FROM_WORKER": "yes", "MINE": "1"}
    assert execute(f, env_vars={"MINE": "1"}, inherit_env=False) == {"FROM_WORKER": None, "MINE": "1"}


@pytest.mark.parametrize(
    ("codes", "code", "skipped"),
    [(None, 99, False), (99, 99, True), (99, 100, False), ([99], 99, True), ([0], 0, True), ({1, 2}, 2, True)],
)
def test_exit_codes_skip_where_they_should(execute, codes, code, skipped):
    def f(code):
        raise SystemExit(code)

    with pytest.raises(AirflowSkipException if skipped else FunctionError):
        execute(f, op_args=[code], skip_on_exit_code=codes)


def test_an_exit_code_is_reported_and_zero_is_a_success(execute):
    def f(code):
        import sys

        sys.exit(code)

    assert execute(f, op_args=[0]) is None
    assert execute(f, op_args=[None]) is None
    with pytest.raises(FunctionError, match="exit code 3") as caught:
        execute(f, op_args=[3])
    assert caught.value.returncode == 3
    with pytest.raises(FunctionError, match="exit code 1: so sorry"):
        execute(f, op_args=["so sorry"])


def test_an_exception_keeps_its_type_message_and_lines(execute):
    def f():
        def inner(n):
            return {}[n]

        return inner("mine")

    with pytest.raises(KeyError) as caught:
        execute(f)
    error = caught.value
    assert isinstance(error, FunctionError)
    assert isinstance(error, AirflowException)
    assert isinstance(error, subprocess.CalledProcessError)
    assert type(error).__name__ == "KeyError"
    assert error.message == "'mine'"
    line = f.__code__.co_firstlineno + 2
    assert f'File "{os.path.abspath(__file__)}", line {line}, in inner' in error.traceback
    assert "return {}[n]" in error.traceback
    assert "runner.py" not in error.traceback
    assert str(error) == "'mine'"
    assert pickle.loads(pickle.dumps(error)).traceback == error.traceback


def test_exceptions_of_any_kind_come_through(execute):
    def raises(kind):
        if kind == "own":

            class Own(Exception):
                def __str__(self):
                    return "mine"

            raise Own
        if kind == "os":
            open("/does/not/exist")
        if kind == "unicode":
            b"\xff".decode("ascii")
        if kind == "interrupt":
            raise KeyboardInterrupt("x")
        import json

        json.loads("{")

    for kind, name, base in [
        ("own", "Own", FunctionError),
        ("os", "FileNotFoundError", FileNotFoundError),
        ("unicode", "UnicodeDecodeError", FunctionError),
        ("interrupt", "KeyboardInterrupt", FunctionError),
        ("json", "JSONDecodeError", FunctionError),
    ]:
        with pytest.raises(base) as caught:
            execute(raises, op_args=[kind])
        assert type(caught.value).__name__.endswith(name)


def test_skip_and_fail_mean_what_they_mean(execute):
    def f(how):
        from airflow_venv import AirflowFailException, AirflowSkipException

        raise {"skip": AirflowSkipException, "fail": AirflowFailException}[how]("because")

    with pytest.raises(AirflowSkipException, match="because"):
        execute(f, op_args=["skip"])
    with pytest.raises(AirflowFailException, match="because"):
        execute(f, op_args=["fail"])


def test_a_crash_is_described(execute):
    def f(how):
        import os
        import signal

        os.kill(os.getpid(), signal.SIGKILL) if how == "kill" else os._exit(5)

    with pytest.raises(FunctionError, match="SIGKILL") as caught:
        execute(f, op_args=["kill"])
    assert caught.value.returncode == -9
    with pytest.raises(FunctionError, match="exit code 5"):
        execute(f, op_args=["exit"])
    with pytest.raises(AirflowSkipException):
        execute(f, op_args=["exit"], skip_on_exit_code=5)


def test_coroutines_run_in_the_environment(execute):
    async def f():
        import sys

        return list(sys.version_info[:2])

    assert execute(f) == [3, 8]


def test_the_context_arrives_by_name_and_as_a_whole(execute):
    context = {"ds": "2024-01-02", "run_id": "r", "params": {"p": 1}, "test_mode": False}

    def named(ds, run_id=None, *, params):
        return [ds, run_id, params["p"]]

    def whole(ds, **context):
        return [ds, context["run_id"], "ds" in context]

    assert execute(named, context=context) == ["2024-01-02", "r", 1]
    assert execute(whole, context=context) == ["2024-01-02", "r", False]


def test_names_that_cannot_be_given_are_refused_while_parsing(execute):
    def f(conf):
        return conf

    def old(execution_date=None):
        return execution_date

    with pytest.raises(SourceError, match=r"conf \(.*Airflow's own configuration"):
        execute(f)
    assert execute(f, op_kwargs={"conf": 1}) == 1
    if AIRFLOW_3:
        with pytest.raises(SourceError, match="execution_date .*logical_date"):
            execute(old)
        assert execute(old, op_kwargs={"execution_date": 1}) == 1


def test_free_names_break_the_dag_and_say_where(execute, monkeypatch):
    def f():
        return pytest.mark

    with pytest.raises(SourceError) as caught:
        execute(f)
    assert f"pytest (line {f.__code__.co_firstlineno + 1})" in str(caught.value)
    assert 'include="auto"' in str(caught.value)


def test_free_names_can_be_let_off(execute, monkeypatch, caplog):
    def f():
        return pytest.mark

    monkeypatch.setenv("AIRFLOW__VENV__FREE_NAMES", "off")
    with pytest.raises(NameError):
        execute(f)
    monkeypatch.setenv("AIRFLOW__VENV__FREE_NAMES", "silly")
    with pytest.raises(ValueError, match="free_names is 'silly'"):
        execute(f)


def helper():
    return os.sep * 2


def test_helpers_come_along(execute):
    def f():
        return helper()

    assert execute(f, include="auto") == "//"
    assert execute(f, include=[helper]) == "//"
    with pytest.raises(SourceError, match="helper"):
        execute(f)


def test_a_value_that_is_no_function_is_refused(dag):
    for wrong in (lambda: 1, dag, 3):
        with pytest.raises((AirflowException, ValueError, TypeError)):
            VenvOperator(task_id="t", venv="py38", python_callable=wrong)


def test_unknown_names_are_refused_while_parsing_where_there_are_environments(dag, monkeypatch):
    def f():
        return 1

    with pytest.raises(UnknownEnvironmentError, match="py313, py38|py38, py313"):
        VenvOperator(task_id="a", venv="py99", python_callable=f)
    with pytest.raises(UnknownEnvironmentError, match="PYENV <python version> py99"):
        task.venv("py99")
    monkeypatch.setenv("AIRFLOW__VENV__PARSE_CHECK", "off")
    late = VenvOperator(task_id="b", venv="py99", python_callable=f)
    with pytest.raises(UnknownEnvironmentError):
        late.execute({})


def test_a_process_without_environments_waits_for_the_task_unless_strict(dag, monkeypatch):
    def f():
        return 1

    python = os.environ["ASTRO_PYENV_py38"]
    for name in [name for name in os.environ if name.startswith("ASTRO_PYENV_")]:
        monkeypatch.delenv(name)
    operator = VenvOperator(task_id="a", venv="py38", python_callable=f)
    monkeypatch.setenv("ASTRO_PYENV_py38", python)
    assert operator.execute({}) == 1
    monkeypatch.delenv("ASTRO_PYENV_py38")
    monkeypatch.setenv("AIRFLOW__VENV__PARSE_CHECK", "strict")
    with pytest.raises(UnknownEnvironmentError, match="no environments at all"):
        VenvOperator(task_id="b", venv="py38", python_callable=f)


def test_an_interpreter_that_is_gone_is_reported_before_a_process_starts(dag, monkeypatch):
    def f():
        return 1

    monkeypatch.setenv("ASTRO_PYENV_gone", "/nowhere/bin/python")
    operator = VenvOperator(task_id="a", venv="gone", python_callable=f)
    with pytest.raises(BrokenEnvironmentError, match="must exist"):
        operator.execute({})
    with pytest.raises(ValueError, match="must exist"):
        VenvOperator(task_id="b", python="/nowhere/bin/python", python_callable=f).execute({})


def test_an_interpreter_that_is_too_old_is_reported(dag, tmp_path):
    def f():
        return 1

    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "pyvenv.cfg").write_text("version = 2.7.18\n")
    with pytest.raises(BrokenEnvironmentError, match="Python 2.7.18; tasks run in Python 3.7 or newer"):
        VenvOperator(task_id="a", python=str(tmp_path / "bin" / "python"), python_callable=f).execute({})


def test_the_name_and_the_path_exclude_each_other(dag):
    def f():
        return 1

    for options in ({}, {"venv": "py38", "python": sys.executable}):
        with pytest.raises(TypeError, match="either"):
            VenvOperator(task_id="a", python_callable=f, **options)
    with pytest.raises(TypeError, match="not both"):
        task.venv("py38", python=sys.executable)
    for wrong in (None, 3):
        with pytest.raises(TypeError, match="environment"):
            task.venv(wrong)
    with pytest.raises(TypeError, match="needs the name"):
        task.venv(f)


def test_serializers_of_all_versions_are_taken(execute):
    def f(x):
        return {"x": x, "y": (1, 2)}

    assert execute(f, op_args=[{1, 2}]) == {"x": {1, 2}, "y": (1, 2)}
    assert execute(f, op_args=[1], serializer="json")["x"] == 1
    with pytest.raises(AirflowException, match="Unsupported serializer"):
        execute(f, serializer="yaml")
    with pytest.raises(AirflowException, match="contradict"):
        execute(f, serializer="json", use_dill=True)
    with pytest.raises(FunctionError, match="dill"):
        execute(f, op_args=[{1, 2}], use_dill=True)
    with pytest.raises(FunctionError, match="cloudpickle"):
        execute(f, op_args=[{1, 2}], serializer="cloudpickle")


def test_the_rendered_fields_are_a_fixed_tuple():
    assert VenvOperator.template_fields == ("venv", "python", "templates_dict", "op_args", "op_kwargs", "env_vars")
    assert task.venv("py38")(helper).operator_class.template_fields == VenvOperator.template_fields


def test_every_one_of_them_is_rendered_in_all_forms(dag):
    def f(x, y=None):
        return x

    options = {"templates_dict": {"k": "{{ word }}"}, "env_vars": {"K": "{{ word }}"}}
    operators = [
        VenvOperator(task_id="a", venv="py{{ 38 }}", python_callable=f, op_args=["{{ word }}"], **options),
        VenvSensor(task_id="b", venv="py{{ 38 }}", python_callable=f, op_kwargs={"x": "{{ word }}"}, **options),
        task.venv("py{{ 38 }}", task_id="c", **options)(f)("{{ word }}", y=["{{ word }}"]).operator,
        task.venv_branch(venv="py{{ 38 }}", task_id="d", **options)(f)("{{ word }}").operator,
    ]
    for operator in operators:
        operator.render_template_fields({"word": "said"})
        assert (operator.venv, operator.templates_dict, operator.env_vars) == ("py38", {"k": "said"}, {"K": "said"})
        assert [*operator.op_args, *operator.op_kwargs.values()] in (["said"], ["said", ["said"]])
    by_path = VenvOperator(task_id="e", python="/envs/{{ word }}/bin/python", python_callable=f, op_args=[1])
    by_path.render_template_fields({"word": "said"})
    assert by_path.python == "/envs/said/bin/python"


def test_operators_can_be_copied(dag):
    def f():
        return 1

    operator = VenvOperator(task_id="t", venv="py38", python_callable=f, include=[helper])
    assert copy.deepcopy(operator).execute({}) == 1
    assert copy.copy(operator).execute({}) == 1


def test_the_source_shown_has_no_decorator(dag):
    @task.venv("py38")
    def f():
        return """
text"""

    operator = f().operator
    space = {}
    exec(operator.get_python_source(), space)
    assert space["f"]() == "\ntext"


def test_a_timeout_ends_the_child_and_its_children_at_once(dag, tmp_path):
    try:  # Airflow 3.1 and newer
        from airflow.sdk.execution_time.timeout import TimeoutPosix as timeout
    except ImportError:
        from airflow.utils.timeout import timeout

    def f(path):
        import os
        import subprocess
        import time

        below = subprocess.Popen(["sleep", "60"])
        with open(path, "w") as file:
            file.write("%d %d" % (os.getpid(), below.pid))
        time.sleep(60)

    path = tmp_path / "pids"
    operator = VenvOperator(task_id="t", venv="py38", python_callable=f, op_args=[str(path)])
    started = time.monotonic()
    with pytest.raises(BaseException, match="(?i)timeout"):
        with timeout(2, "timeout"):
            operator.execute({})
    assert time.monotonic() - started < 10
    pids = path.read_text().split()
    assert len(pids) == 2
    for pid in pids:
        status = f"/proc/{pid}/stat"
        assert not os.path.exists(status) or open(status).read().split()[2] == "Z"


def test_a_file_reference_must_be_one(dag):
    for wrong in ("file.py", "file.py:", ":main", "a b"):
        with pytest.raises(SourceError, match="path/to/file.py:function"):
            VenvOperator(task_id="t", venv="py38", python_callable=wrong)
    with pytest.raises(SourceError, match="was not found"):
        VenvOperator(task_id="t", venv="py38", python_callable="gone.py:main").execute({})


def test_a_file_s_function_gets_arguments_and_context(dag, tmp_path):
    (tmp_path / "x.py").write_text("def main(a, ds=None):\n    return [a, ds]\n")
    operator = VenvOperator(task_id="t", venv="py38", python_callable=f"{tmp_path}/x.py:main", op_args=[1])
    assert operator.execute({"ds": "2024-01-01", "run_id": "r"}) == [1, "2024-01-01"]


def test_airflows_configuration_has_the_options():
    """Airflow reads the provider's defaults from 2.7 on; before that, our own defaults apply."""
    described = get_provider_info()["config"]["venv"]["options"]
    assert {name: config.option(name) for name in described} == {
        name: one["default"] for name, one in described.items()
    }
    if tuple(int(part) for part in AIRFLOW_VERSION.split(".")[:2]) >= (2, 7):
        from airflow.providers_manager import ProvidersManager

        ProvidersManager().initialize_providers_configuration()
        assert {name: conf.get("venv", name) for name in described} == {
            name: one["default"] for name, one in described.items()
        }


def test_all_errors_have_one_root():
    for kind in (BrokenEnvironmentError, SourceError, UnknownEnvironmentError):
        assert issubclass(kind, VenvError)
        assert issubclass(kind, ValueError)


@pytest.mark.skipif(not AIRFLOW_3, reason="picklers of different years do not read each other's functions")
@pytest.mark.parametrize("serializer", ["dill", "cloudpickle"])
def test_picklers_that_take_more_are_there_where_both_sides_have_them(execute, serializer):
    def f(function):
        number = function(2)
        return lambda x: x + number

    assert execute(f, venv="pickles", op_args=[lambda x: x * 3], serializer=serializer)(1) == 7
    if serializer == "dill":
        assert execute(f, venv="pickles", op_args=[lambda x: x], use_dill=True)(1) == 3


def test_the_readme_s_function_runs_though_it_imports_sys_outside(execute):
    def f():
        return f"My python version is {sys.version}"

    assert execute(f).startswith("My python version is 3.8")


@pytest.mark.parametrize(("codes", "expected"), [(None, []), (100, [100]), ([100, 102], [100, 102]), ((100,), (100,))])
def test_exit_codes_are_kept_as_the_stock_operator_keeps_them(dag, codes, expected):
    def f(): ...

    ours = VenvOperator(task_id="ours", venv="py38", python_callable=f, skip_on_exit_code=codes)
    assert ours.skip_on_exit_code == expected


@pytest.mark.parametrize("options", [{"skip_on_exit_code": "5"}, {"export_connections": "warehouse"}])
def test_a_text_in_the_place_of_a_list_is_an_error_of_the_dag(dag, options):
    def f(): ...

    (name, value), *_ = options.items()
    with pytest.raises(TypeError, match=f"^{name}='{value}' must be a "):
        VenvOperator(task_id="t", venv="py38", python_callable=f, **options)


@pytest.mark.parametrize(
    ("env_vars", "message"),
    [
        (["A=1"], r"^env_vars=\['A=1'\] must be a dictionary"),
        ({"A=B": "1"}, "^env_vars: 'A=B' cannot be the name of a variable"),
        ({"": "1"}, "^env_vars: '' cannot be the name of a variable"),
        ({"A": "\0"}, "^env_vars: the value of 'A' contains a null character"),
    ],
)
def test_impossible_variables_are_named(execute, env_vars, message):
    def f(): ...

    with pytest.raises((TypeError, ValueError), match=message):
        execute(f, env_vars=env_vars)


def test_an_object_of_the_context_is_not_returned(execute):
    def f(ti=None):
        return {"ti": ti}

    with pytest.raises(FunctionError, match="The function returned an object of Airflow's context"):
        execute(f)


def test_python_is_known_to_dag_code_and_looked_up_again_by_the_task(dag, execute, monkeypatch):
    def f():
        import sys

        return sys.executable

    monkeypatch.setenv("ASTRO_PYENV_moved", "/opt/venvs/moved/bin/python")
    operator = VenvOperator(task_id="t", venv="moved", python_callable=f)
    assert operator.python == "/opt/venvs/moved/bin/python"
    assert VenvOperator(task_id="later", venv="{{ 'moved' }}", python_callable=f).python is None
    here = os.environ["ASTRO_PYENV_py38"]
    monkeypatch.setenv("ASTRO_PYENV_moved", here)
    assert operator.execute({}) == here
    assert operator.python == here


def test_a_task_of_the_original_provider_is_the_same(dag, monkeypatch):
    monkeypatch.setenv("ASTRO_PYENV_myvenv", "/opt/venvs/myvenv/bin/python")

    @task.venv("myvenv")
    def my_task(): ...

    operator = my_task().operator
    assert isinstance(operator, ExternalPythonOperator)
    assert operator.python == "/opt/venvs/myvenv/bin/python"
    assert operator.get_python_source() == "def my_task(): ...\n"
