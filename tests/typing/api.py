"""The public API as code bases with type checks use it: mypy and pyright must accept this file, and know its types.

Run by `tests/airflow/test_typing.py` against a real Airflow; it is never executed. Lines that must be errors carry an
`ignore`, and an ignore that is not needed is an error itself.
"""

from __future__ import annotations

from typing import Any, assert_type

from airflow_venv import VenvOperator, VenvSensor, get_variable, venv
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


made = plain(1, y="a")
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
