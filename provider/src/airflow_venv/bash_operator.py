"""The shell form: a command line that runs with the programs of an environment, `VenvBashOperator`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_venv._compat import BashOperator, bash_arguments, get_connection
from airflow_venv.environment_mixin import EnvironmentMixin
from airflow_venv.environments import facts
from airflow_venv.parameters import connection_ids
from airflow_venv.worker.trace_context import trace_variables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["VenvBashOperator"]

_PATH = "/usr/local/bin:/usr/bin:/bin"
"""Where programs are if the command's variables have no PATH; the shell's own default."""


class VenvBashOperator(EnvironmentMixin, BashOperator):
    """Run a command line in a shell that finds the programs of an environment first.

    Takes everything that Airflow's BashOperator takes. The environment's folder of programs comes first in `PATH`,
    `VIRTUAL_ENV` is set, and the worker's own `PYTHON*` variables are gone, as after `activate`.

    Args:
        venv: name of the environment, as in the `PYENV` line of the Dockerfile. May be a template.
        python: path of an interpreter, instead of a name.
        bash_command: the command line, or the path of a `.sh` file; a template.
        env: variables for the command, in place of the worker's unless `append_env` is set; a template.
        export_connections: ids of connections to set as `AIRFLOW_CONN_*` for the command.
    """

    template_fields: Sequence[str] = ("venv", "python", "bash_command", "env", "cwd")
    is_async = False

    def __init__(
        self,
        *,
        bash_command: str,
        venv: str | None = None,
        python: str | None = None,
        export_connections: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(bash_command=bash_command, **bash_arguments(kwargs))
        self._choose_environment(venv, python)
        self.export_connections = connection_ids(export_connections)

    def execute(self, context: Any) -> Any:
        """Run the command once; its last line is the task's value."""
        self.python = self.resolve_python()
        self._log_environment(facts.read(self.python))
        return super().execute(context)

    def get_env(self, context: Any) -> dict[str, str]:
        """Return the command's variables."""
        environment = facts.read(str(self.python))
        chosen: Mapping[str, Any] = self.env or {}
        inherited = super().get_env(context)
        variables = {
            name: value for name, value in inherited.items() if name in chosen or not name.startswith("PYTHON")
        }
        for conn_id in self.export_connections:
            variables[f"AIRFLOW_CONN_{conn_id.upper()}"] = get_connection(conn_id).get_uri()
        return {
            **trace_variables(context),
            **variables,
            "PATH": f"{Path(environment.python).parent}:{variables.get('PATH') or _PATH}",
            "VIRTUAL_ENV": environment.prefix,
        }
