"""Find the tasks of a serialized DAG that run in an environment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_venv.environments.lookup import is_template

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EnvironmentTask", "environment_tasks"]


@dataclass(frozen=True)
class EnvironmentTask:
    """One task of a DAG, as the DAG processor stored it."""

    dag_id: str
    task_id: str
    operator: str
    """Name of the operator in the DAG file, such as `@task.venv` or `VenvOperator`."""
    names: tuple[str, ...]
    """Names of its environments; empty if it names an interpreter by its path, or if only a run knows the name."""
    python: str
    """The interpreter's path that the DAG processor knew; empty if it knew none."""
    only_runs_tell: bool
    """Whether only a run knows the name, because it is a template or the result of another task."""
    is_ours: bool
    """Whether the operator is one of this provider, not one of Airflow with the path of an interpreter."""


def environment_tasks(serialized: str) -> Iterator[EnvironmentTask]:
    """Yield the tasks of one serialized DAG that name an environment or an interpreter.

    Args:
        serialized: the JSON text that Airflow keeps in its database. Text that is no serialized DAG has no tasks.
    """
    if '"venv"' not in serialized and '"python"' not in serialized:  # avoids parsing most DAGs
        return
    try:
        dag = _plain(_plain(json.loads(serialized)).get("dag"))
    except (ValueError, RecursionError):
        return
    for task in _list(dag.get("tasks")):
        fields = _plain(task)
        if "python" not in _list(fields.get("template_fields")):
            continue
        if environment_task := _environment_task(str(dag.get("dag_id", "")), fields):
            yield environment_task


def _environment_task(dag_id: str, fields: dict[str, Any]) -> EnvironmentTask | None:
    """Return the task of an operator's fields, which may be mapped; None if it uses no environment."""
    values = {**_plain(fields.get("partial_kwargs") or {}), **fields}
    mapped = _plain(_plain(fields.get("expand_input") or {}).get("value") or {})
    name, python = values.get("venv"), values.get("python")
    python = python if isinstance(python, str) and not is_template(python) else ""
    names = [name] if isinstance(name, str) else []
    several = mapped.get("venv")
    if isinstance(several, list):
        names += [item for item in several if isinstance(item, str)]
    literal = tuple(dict.fromkeys(name for name in names if not is_template(name)))
    is_ours = "venv" in _list(fields.get("template_fields"))
    only_runs_tell = is_ours and (len(literal) < len(set(names)) or ("venv" in mapped and not names))
    if not (literal or python or only_runs_tell):
        return None
    operator = str(fields.get("_operator_name") or fields.get("task_type") or "")
    return EnvironmentTask(
        dag_id=dag_id,
        task_id=str(fields.get("task_id", "")),
        operator=operator,
        names=literal,
        python=python,
        only_runs_tell=only_runs_tell,
        is_ours=is_ours,
    )


def _plain(value: Any) -> dict[str, Any]:
    """Return a dictionary without the wrapper of Airflow's serializer; an empty one for any other value."""
    inner = value.get("__var", value) if isinstance(value, dict) else value
    return inner if isinstance(inner, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
