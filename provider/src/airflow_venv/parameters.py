"""Check the operators' parameters while a DAG is parsed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_venv._compat import AirflowException
from airflow_venv.child.excerpt import excerpt
from airflow_venv.worker.serializers import SERIALIZERS

if TYPE_CHECKING:
    from collections.abc import Container

__all__ = ["apply_env_vars", "check_settings", "choose_serializer", "connection_ids", "exit_codes", "warm_modules"]

_IN_DOCKERFILE = "an environment is built with the image, so this belongs into its PYENV line: "
_MOVED = {
    "requirements": f"{_IN_DOCKERFILE}PYENV <version> <name> requirements.txt",
    "python_version": f"{_IN_DOCKERFILE}PYENV <version> <name> requirements.txt",
    "system_site_packages": f"{_IN_DOCKERFILE}PYENV --system-site-packages <version> <name>",
    "pip_install_options": f"{_IN_DOCKERFILE}PYENV has options, and the requirements file takes those of pip",
    "index_urls": "write --index-url and --extra-index-url into the requirements file of its PYENV line",
    "index_urls_from_connection_ids": (
        "the image is built without Airflow's connections: write --index-url into the requirements file of its PYENV "
        "line, and mount its password with PYENV --mount=type=secret"
    ),
    "venv_cache_path": "leave it out: nothing is installed when a task runs, so there is nothing to cache",
    "env": "the environment's name is venv=, variables for the function are env_vars=",
    "environment": "the environment's name is venv=, variables for the function are env_vars=",
    "name": "the environment's name is venv=, the task's is task_id=",
    "venv_name": "the environment's name is venv=",
}
"""Parameters of other operators, such as @task.virtualenv, with where that setting belongs."""


def check_settings(names: Iterable[str]) -> None:
    """Refuse parameters that belong to other operators.

    Raises:
        TypeError: the message says where the setting belongs.
    """
    moved = [f"{name}: {_MOVED[name]}" for name in names if name in _MOVED]
    if moved:
        raise TypeError(f"@task.venv and VenvOperator do not take {'; '.join(moved)}.")


def choose_serializer(name: str | None, *, use_dill: bool) -> str:
    """Choose the serializer; `use_dill=True` is the old spelling of one."""
    if use_dill and name not in (None, "dill"):
        raise AirflowException(f"use_dill=True and serializer={name!r} contradict each other: leave use_dill out.")
    chosen = "dill" if use_dill else name or "pickle"
    if chosen not in SERIALIZERS:
        raise AirflowException(f"Unsupported serializer {chosen!r}. It must be one of {', '.join(SERIALIZERS)}.")
    return chosen


def warm_modules(warm: Any) -> bool | tuple[str, ...] | None:
    """Check `warm=`.

    Raises:
        TypeError: it is neither a boolean nor names of modules.
    """
    if warm is None or isinstance(warm, bool):
        return warm
    names = () if isinstance(warm, (str, bytes)) else tuple(warm) if isinstance(warm, Iterable) else ()
    if not names or not all(isinstance(name, str) and all(map(str.isidentifier, name.split("."))) for name in names):
        raise TypeError(f'warm={warm!r} must be True, False or names of modules, such as ("pandas", "sklearn.svm").')
    return names


def exit_codes(codes: int | Container[int] | None) -> Container[int]:
    """Turn one exit code, many or none into something that `in` works on, of the stock operators' types.

    Raises:
        TypeError: it is a text, in which no number can be looked for.
    """
    if codes is None:
        return []
    if isinstance(codes, (str, bytes)):
        raise TypeError(f"skip_on_exit_code={codes!r} must be a number or a list of numbers.")
    return [codes] if isinstance(codes, int) else codes


def connection_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Check `export_connections=`.

    Raises:
        TypeError: it is a single text, which Python would take for a list of letters.
    """
    if isinstance(ids, (str, bytes)):
        raise TypeError(f'export_connections={ids!r} must be a list of connection ids, such as ["warehouse"].')
    return tuple(ids)


def apply_env_vars(env_vars: Any, variables: dict[str, str]) -> None:
    """Change the variables as the rendered `env_vars=` says; None takes a variable away.

    Raises:
        TypeError: `env_vars` is no dictionary.
        ValueError: the system can have no such variable.
    """
    if not isinstance(env_vars or {}, Mapping):
        raise TypeError(f'env_vars={excerpt(env_vars)} must be a dictionary, such as {{"NAME": "value"}}.')
    for name, value in (env_vars or {}).items():
        if not str(name) or "=" in str(name) or "\0" in str(name):
            raise ValueError(f"env_vars: {excerpt(name)} cannot be the name of a variable.")
        if "\0" in str(value):
            raise ValueError(f"env_vars: the value of {excerpt(name)} contains a null character.")
        if value is None:
            variables.pop(str(name), None)
        else:
            variables[str(name)] = str(value)
