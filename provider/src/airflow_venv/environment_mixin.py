"""The base of all operators that run in an environment: its name or interpreter, looked up again where it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_venv import config
from airflow_venv.environments import lookup

if TYPE_CHECKING:
    from airflow_venv.environments.facts import Environment

__all__ = ["EnvironmentMixin", "check_one_of", "choose_by_name"]

_NO_ENVIRONMENT = (
    'A task needs either the name of an environment, as in @task.venv("name") or venv="name"; or python=, the path of '
    "an interpreter"
)


class EnvironmentMixin:
    """The attributes `venv` and `python` of an operator."""

    venv: str | None
    python: str | None
    log: Any
    _environment_logged = False

    def _choose_environment(self, venv: str | None, python: str | None) -> None:
        """Take the name or the path, and look the name up as `[venv] parse_check` says.

        Raises:
            TypeError: neither or both are given.
            UnknownEnvironmentError: there is no such environment.
        """
        check_one_of(venv, python)
        self.venv = None if venv is None else lookup.check_name(venv)
        # What DAG code and Airflow's pages see; the task looks the name up again, where it runs.
        self.python = python if self.venv is None else lookup.known_path(self.venv)
        if self.venv is not None:
            _look_up_at_parse(self.venv)

    def resolve_python(self) -> str:
        """Find the interpreter's path, now, and make sure that it can be started.

        Raises:
            UnknownEnvironmentError: there is no environment of that name.
            BrokenEnvironmentError: its interpreter is missing or cannot run here.
        """
        if self.venv is None:
            path, label = str(self.python), "python"
        else:
            name = lookup.check_name(self.venv)
            path, label = lookup.find(name), f"The environment {name!r}"
        lookup.check_python(path, label)
        return path

    def _log_environment(self, environment: Environment) -> None:
        """Log once where the task runs; a sensor asks its function again and again."""
        if self._environment_logged:
            return
        self._environment_logged = True
        name = f"the environment {self.venv!r}" if self.venv is not None else "the interpreter of python="
        self.log.info(
            "Running in %s: Python %s, %s", name, environment.version_text or "of unknown version", environment.python
        )


def check_one_of(venv: str | None, python: str | None) -> None:
    """Check that a name or a path is given, and not both."""
    if venv is None and python is None:
        raise TypeError(_NO_ENVIRONMENT)
    if venv is not None and python is not None:
        raise TypeError("Pass either venv=, the name of an environment, or python=, the path of an interpreter.")


def choose_by_name(venv: Any, options: dict[str, Any]) -> None:
    """Put the name that a decorator has into the options of its operator, and look it up as `[venv] parse_check` says.

    Raises:
        TypeError: the options have the path of an interpreter, too.
        UnknownEnvironmentError: there is no such environment.
    """
    if "python" not in options:
        _look_up_at_parse(lookup.check_name(venv))
        options["venv"] = venv
    elif venv is not None:
        raise TypeError("Pass either the name of an environment or python=, the path of an interpreter, not both.")


def _look_up_at_parse(name: str) -> None:
    """Look up an environment's name while the DAG is parsed, if `[venv] parse_check` says so.

    `auto` looks where there are environments at all: a scheduler or DAG processor that runs another image than the
    workers has none, and there the look-up waits for the task.

    Raises:
        UnknownEnvironmentError: there is no such environment.
    """
    if lookup.is_template(name):
        return
    check = config.option("parse_check")
    if check == "strict" or (check == "auto" and lookup.environments()):
        lookup.find(name)
