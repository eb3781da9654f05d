"""The tasks of a serialized DAG that run in an environment."""

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
    """How the DAG file names its operator: `@task.venv`, `VenvOperator`."""
    names: tuple[str, ...]
    """The environments that it names; empty if it gives the path of an interpreter, or if only a run tells."""
    python: str
    """The interpreter's path, as the DAG processor knew it; empty if it did not."""
    only_runs_tell: bool
    """Whether the name is a template or comes from another task."""
    is_ours: bool
    """Whether its operator is one of this provider's, and not Airflow's own with the path of an interpreter."""


def environment_tasks(serialized: str) -> Iterator[EnvironmentTask]:
    """Yield the tasks of one serialized DAG that name an environment or an interpreter.

    Args:
        serialized: the JSON text that Airflow keeps in its database.
    """
    if '"venv"' not in serialized and '"python"' not in serialized:  # most DAGs: spare them the parser
        return
    dag = json.loads(serialized).get("dag", {})
    for task in dag.get("tasks", ()):
        fields = _plain(task)
        if "python" not in fields.get("template_fields", ()):
            continue
        if environment_task := _environment_task(str(dag.get("dag_id", "")), fields):
            yield environment_task


def _environment_task(dag_id: str, fields: dict[str, Any]) -> EnvironmentTask | None:
    """Read one operator's fields, those of a mapped one too."""
    values = {**_plain(fields.get("partial_kwargs") or {}), **fields}
    mapped = _plain(_plain(fields.get("expand_input") or {}).get("value") or {})
    name, python = values.get("venv"), values.get("python")
    python = python if isinstance(python, str) and not is_template(python) else ""
    names = [name] if isinstance(name, str) else []
    several = mapped.get("venv")
    if isinstance(several, list):
        names += [item for item in several if isinstance(item, str)]
    literal = tuple(dict.fromkeys(name for name in names if not is_template(name)))
    is_ours = "venv" in fields.get("template_fields", ())
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
    """Take a value out of the wrapper that Airflow's serializer puts around it."""
    inner = value.get("__var", value) if isinstance(value, dict) else value
    return inner if isinstance(inner, dict) else {}
