"""Numbered defects of Airflow's own operator that ours does not have.

Each test runs twice. With the stock operator it must fail (a strict expectation, on the newest release); with ours it
must pass, on every release. Numbers 7 and 11 need whole DAG runs: `tests/airflow/test_defects.py`.
"""

import os
import subprocess
import sys
import time
import types

import pytest

from airflow import __version__
from airflow_venv._compat import AIRFLOW_3, AirflowSkipException

if AIRFLOW_3:
    from airflow.sdk import task
else:
    from airflow.decorators import task
try:  # Airflow 3.1 and newer
    from airflow.sdk.execution_time.timeout import TimeoutPosix as timeout
except ImportError:
    from airflow.utils.timeout import timeout

BARE = os.environ["ASTRO_PYENV_py38"]
NEWEST = __version__.startswith("3.3")
STOCK = pytest.param(
    "stock",
    marks=[
        pytest.mark.skipif(not NEWEST, reason="the defects were found on 3.3"),
        pytest.mark.xfail(strict=True, reason="a defect of the stock operator"),
    ],
)
both = pytest.mark.parametrize("kind", [STOCK, "ours"])


@pytest.fixture
def run(kind, execute, stock):
    return execute if kind == "ours" else stock


def value_of(decorated):
    """Create a task from a decorated function and run it."""
    return decorated().operator.execute({"ti": types.SimpleNamespace(bundle_instance=None)})


@both
def test_1_a_coroutine_runs_in_the_environment(run):
    async def f():
        import sys

        return list(sys.version_info[:2])

    assert run(f) == [3, 8]


@both
def test_2_text_at_column_0_of_a_nested_function_is_no_obstacle(run):
    def f():
        return """
select 1
"""

    assert run(f) == "\nselect 1\n"


@both
def test_3_the_decorator_may_have_another_name(kind, dag):
    t = task
    if kind == "stock":

        @t.external_python(python=BARE, expect_airflow=False)
        def f():
            return 1
    else:

        @t.venv("py38")
        def f():
            return 1

    assert value_of(f) == 1


@both
def test_4_lines_of_a_string_are_not_taken_for_comments(kind, dag):
    if kind == "stock":

        @task.external_python(python=BARE, expect_airflow=False)
        def f():
            return """a
            # heading
            b"""
    else:

        @task.venv("py38")
        def f():
            return """a
            # heading
            b"""

    assert "# heading" in value_of(f)


@both
def test_5_the_context_arrives_without_airflow_in_the_environment(run):
    def f(params=None):
        return params["p"]

    assert run(f, context={"params": {"p": 1}}) == 1


@pytest.mark.skipif("ASTRO_PYENV_airflow" not in os.environ, reason="needs an environment with Airflow")
@both
def test_6_a_skip_is_a_skip_from_an_environment_with_airflow(kind, run):
    def f():
        from airflow.exceptions import AirflowSkipException

        raise AirflowSkipException("enough")

    options = {"venv": "airflow"} if kind == "ours" else {"python": os.environ["ASTRO_PYENV_airflow"]}
    with pytest.raises(AirflowSkipException, match="enough"):
        run(f, **options)


@both
def test_8_a_value_that_the_worker_cannot_read_is_explained(run, tmp_path):
    def f():
        import only_there

        return only_there.Thing()

    (tmp_path / "only_there.py").write_text("class Thing: pass\n")
    with pytest.raises(Exception, match=r"No module named 'only_there'.* install only_there beside Airflow"):
        run(f, env_vars={"PYTHONPATH": str(tmp_path)})


@both
def test_9_a_timeout_ends_the_function_at_once(run):
    def f():
        import time

        time.sleep(8)

    started = time.monotonic()
    with pytest.raises(BaseException, match="too long"), timeout(2, "too long"):
        run(f)
    assert time.monotonic() - started < 7


@both
def test_10_an_exit_code_and_an_unsendable_value_are_reported_in_a_sentence(run):
    def leaves():
        import sys

        sys.exit(3)

    def unsendable():
        return {"good": 1, "bad": [lambda: 1]}

    with pytest.raises(subprocess.CalledProcessError) as caught:
        run(leaves)
    assert str(caught.value) == "The function left with exit code 3"
    with pytest.raises(Exception, match=r"value\['bad'\]\[0\] is a function") as caught:
        run(unsendable)
    assert "Return plain data" in str(caught.value)
    assert sys.executable not in str(caught.value).partition("\n")[0]
