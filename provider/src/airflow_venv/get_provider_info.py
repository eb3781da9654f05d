"""Describe this package to Airflow's providers manager, through the entry point `apache_airflow_provider`.

Airflow calls this in every process, so nothing of Airflow is imported.
"""

from __future__ import annotations

from typing import Any

from airflow_venv.config import OPTIONS

__all__ = ["get_provider_info"]

_DECORATORS = {
    "venv": "decorators.venv_task",
    "venv_bash": "bash_decorator.venv_bash_task",
    "venv_branch": "decorators.venv_branch_task",
    "venv_short_circuit": "decorators.venv_short_circuit_task",
    "venv_sensor": "decorators.venv_sensor_task",
}
"""Decorator to the function that makes it."""


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata in the form of Airflow's `provider_info.schema.json`."""
    return {
        "package-name": "airflow-provider-venv",
        "name": "Virtual Environments",
        "description": "Run tasks in Python environments of their own with `@task.venv`.",
        "task-decorators": [
            {"name": name, "class-name": f"airflow_venv.{function}"} for name, function in _DECORATORS.items()
        ],
        "config": {
            "venv": {
                "description": "Tasks in Python environments of their own (`@task.venv`).",
                "options": {
                    name: {
                        "description": option.description,
                        "version_added": option.version_added,
                        "type": "string",
                        "example": option.example,
                        "default": option.default,
                    }
                    for name, option in OPTIONS.items()
                },
            }
        },
    }
