"""The decorators: `@task.venv` and its variants, and `venv`, the same with types for type checkers."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, cast, get_type_hints

from airflow_venv._compat import DecoratedInit, task_decorator_factory
from airflow_venv._compat import task as _airflow_task
from airflow_venv.environment_mixin import choose_by_name
from airflow_venv.operators import VenvBranchOperator, VenvOperator, VenvSensor, VenvShortCircuitOperator
from airflow_venv.parameters import check_settings
from airflow_venv.source.extract import MARK, remember_call

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from typing_extensions import ParamSpec

    from airflow_venv.worker.serializers import SerializerName

__all__ = ["task", "venv", "venv_branch_task", "venv_sensor_task", "venv_short_circuit_task", "venv_task"]


class _Decorated:
    """Overrides of Airflow's decorated operators for all decorated forms. It must be the first base class."""

    decorated = True
    is_async = False
    template_fields = VenvOperator.template_fields
    template_fields_renderers = VenvOperator.template_fields_renderers
    shallow_copy_attrs = VenvOperator.shallow_copy_attrs
    get_python_source = VenvOperator.get_python_source


class DecoratedVenvOperator(_Decorated, DecoratedInit, VenvOperator):
    """A task made by `@task.venv`."""

    custom_operator_name: str = "@task.venv"


class DecoratedVenvBranchOperator(_Decorated, DecoratedInit, VenvBranchOperator):
    """A task made by `@task.venv_branch`."""

    custom_operator_name: str = "@task.venv_branch"


class DecoratedVenvShortCircuitOperator(_Decorated, DecoratedInit, VenvShortCircuitOperator):
    """A task made by `@task.venv_short_circuit`."""

    custom_operator_name: str = "@task.venv_short_circuit"


class DecoratedVenvSensor(_Decorated, DecoratedInit, VenvSensor):
    """A task made by `@task.venv_sensor`."""

    custom_operator_name: str = "@task.venv_sensor"


def venv_task(
    venv: Any = None, python_callable: Any = None, multiple_outputs: bool | None = None, **options: Any
) -> Any:
    """Make tasks that run in a named environment: the function behind `@task.venv`.

    Args:
        venv: the environment's name; the only argument that may be given by position.
        python_callable: the function, if this is called instead of used as a decorator.
        multiple_outputs: push each key of a returned dict as an XCom of its own; by the return annotation if None.
        options: the parameters of VenvOperator and of Airflow's BaseOperator.
    """
    return _decorator(DecoratedVenvOperator, venv, python_callable, multiple_outputs, options)


def venv_branch_task(
    venv: Any = None, python_callable: Any = None, multiple_outputs: bool | None = None, **options: Any
) -> Any:
    """Make branching tasks, `@task.venv_branch`: the function returns the ids of the tasks to follow."""
    return _decorator(DecoratedVenvBranchOperator, venv, python_callable, multiple_outputs, options)


def venv_short_circuit_task(
    venv: Any = None, python_callable: Any = None, multiple_outputs: bool | None = None, **options: Any
) -> Any:
    """Make short-circuiting tasks, `@task.venv_short_circuit`: a false value skips what follows."""
    return _decorator(DecoratedVenvShortCircuitOperator, venv, python_callable, multiple_outputs, options)


def venv_sensor_task(venv: Any = None, python_callable: Any = None, **options: Any) -> Any:
    """Make sensors, `@task.venv_sensor`: the function is run until it returns something true."""
    return _decorator(DecoratedVenvSensor, venv, python_callable, False, options)  # noqa: FBT003 - a sensor has none


def _decorator(
    operator_class: type, venv: Any, function: Any, multiple_outputs: bool | None, options: dict[str, Any]
) -> Any:
    """Create a decorator, or decorate a function if one is given."""
    remember_call()
    check_settings(options)
    if arguments := {"op_args", "op_kwargs"} & options.keys():
        raise TypeError(
            f"A decorated function takes its arguments where it is called, as in f(1, x=2); {min(arguments)}= is for "
            "VenvOperator."
        )
    choose_by_name(venv, options)

    def decorate(function: Any) -> Any:
        remember_call(1)
        return task_decorator_factory(
            function,
            multiple_outputs=_multiple_outputs(function) if multiple_outputs is None else multiple_outputs,
            decorated_operator_class=operator_class,
            **options,
        )

    setattr(decorate, MARK, True)
    return decorate if function is None else decorate(function)


def _multiple_outputs(function: Any) -> bool | None:
    """Return whether the return annotation is a dict, where Airflow itself could not evaluate the other annotations.

    Annotations may contain names that only type checkers can resolve, which older versions of Airflow do not handle.
    """
    try:
        get_type_hints(function)
    except Exception:  # noqa: BLE001 - evaluating an annotation can raise anything
        text = str(getattr(function, "__annotations__", {}).get("return", ""))
        return bool(re.match(r"(t\.|typing\.|collections\.abc\.)?([Dd]ict|Mapping)\b", text))
    return None


if TYPE_CHECKING:
    from airflow.sdk.definitions.decorators import TaskDecoratorCollection

    P = ParamSpec("P")
    R_co = TypeVar("R_co", covariant=True)
    R = TypeVar("R")

    class VenvTask(Protocol[P, R_co]):
        """A decorated function. A call while the DAG is parsed creates a task; its signature is the function's."""

        @property
        def function(self) -> Callable[P, R_co]:
            """The function itself."""

        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
            """Make a task."""

        def partial(self, **kwargs: Any) -> VenvTask[..., R_co]:
            """Fix some arguments before `expand`."""

        def expand(self, **kwargs: Any) -> Any:
            """Make one task per element."""

        def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> Any:
            """Make one task per dict of arguments."""

        def override(self, **kwargs: Any) -> VenvTask[P, R_co]:
            """Change options of the task."""

    class VenvDecorator(Protocol):
        """The result of `venv("name")`: a decorator that keeps the function's signature."""

        def __call__(self, function: Callable[P, R]) -> VenvTask[P, R]:
            """Decorate."""


def venv(  # noqa: PLR0913 - each is an option that an editor can complete
    venv: str,
    *,
    task_id: str | None = None,
    multiple_outputs: bool | None = None,
    serializer: SerializerName | None = None,
    string_args: Iterable[str] | None = None,
    templates_dict: dict[str, Any] | None = None,
    skip_on_exit_code: int | Container[int] | None = None,
    env_vars: Mapping[str, str] | None = None,
    inherit_env: bool = True,
    include: Literal["auto"] | Sequence[Any] = (),
    airflow_shim: bool = False,
    export_connections: Sequence[str] = (),
    warm: bool | Sequence[str] | None = None,
    **options: Any,
) -> VenvDecorator:
    """`@task.venv` for code bases with type checks: decorated functions keep their signatures.

    The parameters are those of `VenvOperator`; `options` takes the rest, which is
    what Airflow's BaseOperator takes: `retries`, `pool`, `trigger_rule` and so on.
    """
    parameters = {name: value for name, value in locals().items() if name not in _NOT_OPTIONS}
    chosen = {name: value for name, value in parameters.items() if value != _DEFAULTS[name]}
    return cast("VenvDecorator", venv_task(venv, None, multiple_outputs, **chosen, **options))


if TYPE_CHECKING:
    _typed = venv

    class _TaskDecorators(TaskDecoratorCollection):
        """Airflow's `task`, whose own stubs do not know the decorators of other packages."""

        venv = staticmethod(_typed)
        venv_branch = staticmethod(_typed)
        venv_short_circuit = staticmethod(_typed)
        venv_sensor = staticmethod(_typed)
        venv_bash = staticmethod(_typed)


task = cast("_TaskDecorators", _airflow_task)
"""Airflow's own `task`, with types for the decorators of this package."""
_NOT_OPTIONS = {"venv", "multiple_outputs", "options"}
_DEFAULTS = {name: parameter.default for name, parameter in inspect.signature(venv).parameters.items()}
