"""The shell form as a decorator, `@task.venv_bash`: the function runs beside Airflow and returns a command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_venv._compat import DecoratedOperator, task_decorator_factory
from airflow_venv.bash_operator import VenvBashOperator
from airflow_venv.environment_mixin import choose_by_name
from airflow_venv.signature import bind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

__all__ = ["DecoratedVenvBashOperator", "venv_bash_task"]


class DecoratedVenvBashOperator(DecoratedOperator, VenvBashOperator):
    """A task made by `@task.venv_bash`."""

    custom_operator_name: str = "@task.venv_bash"
    template_fields: Sequence[str] = (*VenvBashOperator.template_fields, "op_args", "op_kwargs")
    template_fields_renderers = {  # noqa: RUF012 - Airflow's own is declared so
        **VenvBashOperator.template_fields_renderers,
        "op_args": "py",
        "op_kwargs": "py",
    }
    overwrite_rtif_after_execution: bool = True  # so that Airflow's page shows the command

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs["multiple_outputs"] = False  # the value is a line of text
        super().__init__(
            python_callable=python_callable, op_args=op_args, op_kwargs=op_kwargs, bash_command="", **kwargs
        )

    def execute(self, context: Any) -> Any:
        """Ask the function for the command line, render it as a template, and run it.

        Raises:
            TypeError: the function returned no command line.
        """
        bound = bind(self.python_callable, tuple(self.op_args), dict(self.op_kwargs), context)
        from_context = {name: context[name] for name in (context if bound.all_context else bound.context_names)}
        command = self.python_callable(*self.op_args, **{**from_context, **bound.kwargs})
        if not isinstance(command, str) or not command.strip():
            raise TypeError(
                f"The function {self.python_callable.__name__} must return a command line, a str, not {command!r}"
            )
        if hasattr(self, "_is_inline_command"):  # Airflow 2.9 and newer: a command, or the path of a file
            self._is_inline_cmd = self._is_inline_command(bash_command=command)
        self.bash_command = self.render_template(command, context)
        return super().execute(context)


def venv_bash_task(venv: Any = None, python_callable: Any = None, **options: Any) -> Any:
    """Make shell tasks, `@task.venv_bash`: the function returns the command line to run.

    Args:
        venv: the environment's name.
        python_callable: the function, if this is called instead of used as a decorator.
        options: the parameters of VenvBashOperator and of Airflow's BaseOperator.
    """
    choose_by_name(venv, options)

    def decorate(function: Any) -> Any:
        return task_decorator_factory(function, decorated_operator_class=DecoratedVenvBashOperator, **options)

    return decorate if python_callable is None else decorate(python_callable)
