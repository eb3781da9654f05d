"""Every form of the decorator and the operators, combined with every way in which Airflow uses a task."""

from __future__ import annotations

import datetime
import os
from typing import TYPE_CHECKING

try:
    from airflow.sdk import DAG, task, task_group
except ImportError:
    from airflow import DAG
    from airflow.decorators import task, task_group
from airflow import __version__

import airflow_venv
from airflow_venv import VenvOperator, venv

if TYPE_CHECKING:
    import pandas

VERSION = tuple(int(part) for part in __version__.split(".")[:2])
t = task  # an alias


def note(name, value):
    """Record a result; this works in any interpreter."""
    import json
    import os
    import sys

    with open(os.environ["RESULTS"], "a") as file:
        file.write(json.dumps([name, [list(sys.version_info[:2]), value]]) + "\n")


def plain(x, note_it=None):
    import json
    import os
    import sys

    with open(os.environ["RESULTS"], "a") as file:
        file.write(json.dumps(["classic", [list(sys.version_info[:2]), x]]) + "\n")
    return x


with DAG("forms", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False) as dag:

    @task.venv("py38", include=[note])
    def positional(a: int, *, b: pandas.DataFrame = 2) -> dict[str, Nowhere]:
        text = """
# not a comment
text at column 0 )
"""
        note("positional", [a, b, text])
        return {"a": a}

    @task.venv(venv="py313", include="auto")
    def keyword(got):
        note("keyword", got)
        return [1, 2, 3]

    @venv("py38", include="auto", multiple_outputs=True)
    def typed():
        note("typed", 1)
        return {"left": "L", "right": "R"}

    @t.venv("py38", include="auto")
    async def awaited(left, right):
        import asyncio

        await asyncio.sleep(0)
        note("awaited", left + right)

    first = positional(1)
    numbers = keyword(first)
    both = typed()
    awaited(both["left"], both["right"])

    @task.venv("py38", include="auto")
    def mapped(n, plus):
        note("mapped%d" % n, n + plus)
        return n + plus

    @task.venv("py313", include="auto")
    def reduce(values):
        note("reduce", [type(values).__name__, sum(values)])

    reduce(mapped.partial(plus=10).expand(n=numbers))

    VenvOperator(task_id="classic", venv="py38", python_callable=plain, op_args=["{{ ds }}"])
    VenvOperator(task_id="by_path", python=os.environ.get("ASTRO_PYENV_py38", "x"), python_callable=plain, op_args=[1])
    VenvOperator(task_id="templated", venv="py{{ 30 + 8 }}", python_callable=plain, op_kwargs={"x": "{{ 1 + 1 }}"})
    VenvOperator(task_id="from_file", venv="py313", python_callable="newer.py:main", op_kwargs={"x": 4})

    @task.venv_branch("py38")
    def choose():
        return "taken"

    @task.venv("py38", task_id="taken", include="auto")
    def chosen():
        note("taken", True)

    @task.venv("py38", task_id="not_taken")
    def other():
        raise ValueError("never run")

    choose() >> [chosen(), other()]

    @task.venv_short_circuit("py313")
    def goes_on():
        return 0

    @task.venv("py38")
    def cut_off():
        raise ValueError("never run")

    goes_on() >> cut_off()

    @task.venv_sensor("py38", poke_interval=0.1, timeout=60, include="auto")
    def waits():
        import os

        path = os.environ["RESULTS"] + ".poked"
        if os.path.exists(path):
            note("waits", True)
            return True
        open(path, "w").close()
        return False

    waits()

    @task.venv("py38", retries=2, retry_delay=datetime.timedelta(seconds=0), include="auto")
    def again():
        import os

        path = os.environ["RESULTS"] + ".again"
        if not os.path.exists(path):
            open(path, "w").close()
            raise KeyError("the first time")
        note("again", True)

    again.override(task_id="overridden")()

    @task.venv("py38")
    def skips():
        from airflow_venv import AirflowSkipException

        raise AirflowSkipException("not today")

    @task.venv("py38", skip_on_exit_code=[7, 99])
    def skips_by_code():
        import sys

        sys.exit(7)

    @task.venv("py38", trigger_rule="none_failed", include="auto")
    def after_skips():
        note("after_skips", True)

    [skips(), skips_by_code()] >> after_skips()

    @task.venv(
        "py38",
        include="auto",
        string_args=["one", "two"],
        templates_dict={"day": "{{ ds }}"},
        env_vars={"MINE": "{{ dag.dag_id }}"},
        inherit_env=True,
        expect_airflow=False,
        serializer="json",
        show_return_value_in_logs=False,
    )
    def options(templates_dict=None):
        import os

        note("options", [virtualenv_string_args, templates_dict, os.environ["MINE"]])  # noqa: F821
        return "quiet"

    options()

    @task_group
    def group():
        @task.venv("py38", include="auto")
        def inner():
            note("group", True)

        inner()

    group()

    if VERSION >= (2, 7):
        if VERSION >= (3, 0):
            from airflow.sdk import setup, teardown
        else:
            from airflow.decorators import setup, teardown

        @setup
        @task.venv("py38", include="auto")
        def prepare():
            note("setup", True)

        @task.venv("py38")
        def work():
            return 1

        @teardown
        @task.venv("py38", include="auto")
        def clean():
            note("teardown", True)

        prepare() >> work() >> clean()

    if VERSION >= (2, 10):

        @task.skip_if(lambda context: True)
        @task.venv("py38")
        def skipped_by_condition():
            raise ValueError("never run")

        @task.run_if(lambda context: True)
        @task.venv("py38", include="auto")
        def run_by_condition():
            note("run_if", True)

        skipped_by_condition()
        run_by_condition()

assert airflow_venv.venv is venv
