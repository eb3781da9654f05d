"""The shell form: commands find the programs of an environment first."""

import os
import sys
import types

import pytest

from airflow_venv import VenvBashOperator
from airflow_venv._compat import AIRFLOW_3, AirflowException, AirflowSkipException, BashOperator
from airflow_venv.errors import UnknownEnvironmentError

if AIRFLOW_3:
    from airflow.sdk import task
else:
    from airflow.decorators import task

PYTHON = os.environ["ASTRO_PYENV_py38"]
FOLDER = os.path.dirname(PYTHON)


@pytest.fixture
def shell(dag):
    """Run a command line with our operator."""
    numbers = iter(range(100))

    def run(command, venv="py38", context=None, **options):
        operator = VenvBashOperator(task_id=f"t{next(numbers)}", venv=venv, bash_command=command, **options)
        return operator.execute(context or {})

    return run


def test_it_is_a_bash_operator(dag):
    assert isinstance(VenvBashOperator(task_id="t", venv="py38", bash_command="true"), BashOperator)


def test_programs_of_the_environment_come_first(shell):
    assert shell("command -v python") == PYTHON
    assert shell("python -c 'import sys; print(sys.version_info[:2])'") == "(3, 8)"
    assert shell("echo $VIRTUAL_ENV") == os.path.dirname(FOLDER)
    assert shell("echo one; echo two") == "two"


def test_the_worker_s_python_variables_are_gone(shell, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("FROM_WORKER", "yes")
    assert shell("echo ${PYTHONPATH-unset} ${PYTHONHOME-unset} $FROM_WORKER") == "unset unset yes"
    env = {"PYTHONPATH": "/mine", "A": "b"}
    assert shell("echo $PYTHONPATH $A ${FROM_WORKER-unset}", env=env) == "/mine b unset"
    assert shell("echo $PYTHONPATH $A $FROM_WORKER", env=env, append_env=True) == "/mine b yes"
    assert env == {"PYTHONPATH": "/mine", "A": "b"}


def test_the_path_is_right_without_the_worker_s(shell):
    assert shell("command -v python; ls / > /dev/null && echo $PATH", env={"A": "b"}).startswith(f"{FOLDER}:")
    assert shell("echo $PATH", env={"PATH": "/usr/bin:/bin"}) == f"{FOLDER}:/usr/bin:/bin"


def test_folder_and_exit_codes_are_the_bash_operator_s(shell, tmp_path):
    assert shell("pwd", cwd=str(tmp_path)) == str(tmp_path)
    with pytest.raises(AirflowSkipException, match="99"):
        shell("exit 99")
    with pytest.raises(AirflowSkipException, match="7"):
        shell("exit 7", skip_on_exit_code=7)
    with pytest.raises(AirflowException, match="exit code 3"):
        shell("exit 3")


def test_connections_can_be_exported(shell, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_MINE", "postgres://me:word@db.example/shop")
    assert shell("echo $AIRFLOW_CONN_MINE | grep -c db.example", export_connections=["mine"], env={"A": "b"}) == "1"
    # Outside a task, Airflow 3.0 reports that there is no supervisor.
    with pytest.raises(Exception, match="nothere|SUPERVISOR_COMMS"):
        shell("true", export_connections=["nothere"])


def test_the_name_is_looked_up_when_the_task_runs(dag, monkeypatch):
    with pytest.raises(UnknownEnvironmentError, match="Did you mean 'py38'"):
        VenvBashOperator(task_id="a", venv="py388", bash_command="true")
    with pytest.raises(TypeError, match="either the name of an environment"):
        VenvBashOperator(task_id="b", bash_command="true")
    operator = VenvBashOperator(task_id="c", venv="py38", bash_command="command -v python")
    monkeypatch.setenv("ASTRO_PYENV_py38", os.environ["ASTRO_PYENV_py313"])
    assert operator.execute({}) == os.environ["ASTRO_PYENV_py313"]
    operator = VenvBashOperator(task_id="d", python=sys.executable, bash_command="command -v python")
    assert operator.execute({}) == sys.executable


def test_templates_are_rendered(dag):
    operator = VenvBashOperator(
        task_id="t",
        venv="{{ params.venv }}",
        bash_command="echo {{ ds }} $A",
        env={"A": "{{ run_id }}"},
        append_env=True,
    )
    operator.render_template_fields({"ds": "2024-01-01", "run_id": "r", "params": {"venv": "py38"}})
    assert operator.execute({}) == "2024-01-01 r"


def test_the_decorator_runs_what_its_function_returns(dag):
    @task.venv_bash("py38", env={"A": "b"}, append_env=True)
    def command(what, ds=None):
        return f"echo $A {what} {ds} {{{{ run_id }}}} $(command -v python)"

    operator = command("x").operator
    assert operator.execute({"ds": "2024-01-01", "run_id": "r"}) == f"b x 2024-01-01 r {PYTHON}"
    assert operator.bash_command.startswith("echo $A x 2024-01-01 r")

    @task.venv_bash("py38")
    def whole(**context):
        return f"echo {context['run_id']}"

    assert whole().operator.execute({"run_id": "r"}) == "r"


@pytest.mark.parametrize("value", [None, "", "  ", 3])
def test_a_function_that_returns_no_command_fails_with_a_reason(dag, value):
    @task.venv_bash("py38")
    def command(value):
        return value

    with pytest.raises(TypeError, match="The function command must return a command line"):
        command(value).operator.execute({})


def test_the_decorator_needs_a_name(dag):
    with pytest.raises(TypeError, match="needs the name of an environment"):
        task.venv_bash()
    with pytest.raises(UnknownEnvironmentError):
        task.venv_bash("nothere")


def test_the_trace_reaches_the_command(shell):
    carrier = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    ti = types.SimpleNamespace(context_carrier=carrier)
    assert shell("echo $TRACEPARENT", context={"ti": ti}) == carrier["traceparent"]
