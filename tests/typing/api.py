"""The public API, as used in typed code: mypy and pyright must accept this file and infer the right types.

`tests/airflow/test_typing.py` checks it with a real Airflow; it is never executed. Lines that must be errors have an
`ignore` comment, and an unused one is an error itself.
"""

from __future__ import annotations

from typing import Any, assert_type

from airflow_venv import VenvOperator, VenvSensor, executable, get_variable, task, venv
from airflow_venv.decorators import VenvTask  # noqa: TC001 - as users write it


@venv("snow")
def plain(x: int, *, y: str = "") -> list[str]:
    """Keep the signature."""
    return [y] * x


@venv("snow", retries=3, serializer="json", include="auto", skip_on_exit_code=[3], env_vars={"A": "b"})
def with_options(x: int) -> None:
    """Take options."""


@venv("snow")
async def coroutine() -> int:
    """Be awaited in the environment."""
    return 1


@task.venv("snow")
def as_in_the_readme(x: int, *, y: str = "") -> list[str]:
    """Keep the signature."""
    return [y] * x


@task.venv(venv="snow", retries=3)
def by_keyword(x: int) -> int:
    """Keep the signature."""
    return x


@task.venv_sensor("snow", poke_interval=3)
def ready(x: int) -> bool:
    """Keep the signature."""
    return x > 3


@task.venv_bash("snow", env={"A": "b"}, cwd="/tmp")
def command(name: str) -> str:
    """Keep the signature."""
    return f"dbt run --select {name}"


@task
def airflows_own(x: int) -> int:
    """Keep the signature."""
    return x


assert_type(as_in_the_readme.function(1), "list[str]")
as_in_the_readme("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
by_keyword(x="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
command("shop")
ready()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
airflows_own(1)
task.venv("snow", serializer="yaml")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
task_result = plain(1, y="a")
plain("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
plain(1, z=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
with_options()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
assert_type(plain.function(1), "list[str]")
plain.override(task_id="other")(1)
plain.partial(y="a").expand(x=[1, 2])
plain.expand_kwargs([{"x": 1}])


def checks(task: VenvTask[[int], Any]) -> None:
    """Say that the type of a task can be written."""
    task(1)


checks(with_options)
venv(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
venv("snow", serializer="yaml")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

operator = VenvOperator(task_id="t", venv="snow", python_callable=print)
sensor = VenvSensor(task_id="s", venv="snow", python_callable="file.py:main", poke_interval=3)
value = get_variable("x", default=None)
assert_type(executable("dbt", "dbt"), str)
