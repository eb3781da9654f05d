"""What Airflow's providers manager is told about this package, through the ``apache_airflow_provider`` entry point.

Airflow calls this in every process, so the metadata is Python here and not parsed from ``provider.yaml``, which needs
a YAML library; a test holds the two together.
"""

from __future__ import annotations

from typing import Any

__all__ = ["get_provider_info"]

_DECORATORS = ("venv", "venv_branch", "venv_short_circuit", "venv_sensor")


def get_provider_info() -> dict[str, Any]:
    """Give the provider's metadata in the form of Airflow's ``provider_info.schema.json``."""
    return {
        "package-name": "airflow-provider-venv",
        "name": "Virtual Environments",
        "description": "Run tasks in Python environments of their own with ``@task.venv``.",
        "task-decorators": [
            {"name": name, "class-name": f"airflow_venv.decorators.{name}_task"} for name in _DECORATORS
        ],
        "config": {
            "venv": {
                "description": "Tasks in Python environments of their own (``@task.venv``).",
                "options": {"parse_check": _PARSE_CHECK, "free_names": _FREE_NAMES},
            }
        },
    }


_PARSE_CHECK = {
    "description": (
        "When to look the name of an environment up while a DAG is parsed. ``auto``: in processes that have\n"
        "environments (an ``ASTRO_PYENV_*`` variable), so that an unknown name breaks the DAG at once, but not in a\n"
        "scheduler or DAG processor that runs another image than the workers. ``strict``: always. ``off``: only when\n"
        "the task runs.\n"
    ),
    "version_added": "0.1.0",
    "type": "string",
    "example": "strict",
    "default": "auto",
}
_FREE_NAMES = {
    "description": (
        "What to do, while a DAG is parsed, about names that a function uses but neither defines nor imports, such as\n"
        "a module imported at the top of the DAG file: ``error`` breaks the DAG and names them with their lines,\n"
        "``warn`` logs them, ``off`` leaves them to the task.\n"
    ),
    "version_added": "0.1.0",
    "type": "string",
    "example": "warn",
    "default": "error",
}
