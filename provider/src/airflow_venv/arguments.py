"""From an operator and the context of its task to a :class:`~airflow_venv.call.Call`."""

from __future__ import annotations

import inspect
import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_venv._compat import code_folder, to_plain
from airflow_venv.call import Call, FileFunction, FunctionSource
from airflow_venv.checks import function_source
from airflow_venv.environments import facts as environment
from airflow_venv.errors import BrokenEnvironmentError
from airflow_venv.worker.serializers import check_serializer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_venv.operators import VenvOperator

__all__ = ["prepare"]

_OLDEST = (3, 7)


def prepare(operator: VenvOperator, context: Mapping[str, Any]) -> Call:
    """Describe one run of the operator's function. The operator itself is left as it is.

    Raises:
        BrokenEnvironmentError: the environment's Python is older than the runner can be.
        ModuleNotFoundError: the serializer's package is missing beside Airflow.
        SourceError: the function's source or file is not to be had.
        ValueError: an argument is given twice.
    """
    facts = environment.read(str(operator.python))
    _check_facts(operator, facts)
    check_serializer(operator.serializer)
    args = tuple(to_plain(list(operator.op_args)))
    kwargs = dict(to_plain(dict(operator.op_kwargs)))
    if operator.templates_dict:
        kwargs.setdefault("templates_dict", operator.templates_dict)
    folder = code_folder(context)
    if operator.function_file is None:
        function: FunctionSource | FileFunction = function_source(operator)
        kwargs, wanted, everything = _fit(operator, args, kwargs, context)
    else:
        dag_file = getattr(operator.dag, "fileloc", None) if operator.has_dag() else None
        function = operator.function_file.find([str(Path(dag_file).parent) if dag_file else None, folder, None])
        wanted, everything = (), True
    return Call(
        environment=facts,
        function=function,
        args=args,
        kwargs=kwargs,
        context_names=wanted,
        all_context=everything,
        string_args=tuple(itertools.chain.from_iterable(str(text).split("\n") for text in operator.string_args)),
        serializer=operator.serializer,
        env=_variables(operator, folder),
        airflow_shim=operator.airflow_shim,
        export_connections=operator.export_connections,
        module_name=str(operator.python_callable.__module__),
    )


def _check_facts(operator: VenvOperator, facts: environment.Environment) -> None:
    """Refuse an interpreter that is too old; say what the user expects and the environment lacks."""
    if facts.version is not None and facts.version[:2] < _OLDEST:
        raise BrokenEnvironmentError(
            f"{facts.python} is Python {'.'.join(map(str, facts.version))}; tasks run in Python 3.7 or newer."
        )
    if operator.expect_pendulum and facts.is_venv and not facts.has("pendulum"):
        operator.log.warning(
            "expect_pendulum=True, but pendulum is not installed in %s: dates are datetimes", facts.prefix
        )


def _fit(
    operator: VenvOperator, args: tuple[Any, ...], kwargs: dict[str, Any], context: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...], bool]:
    """Fit the given arguments and Airflow's context to the function's signature, as every Python operator does.

    Returns:
        The keyword arguments to pass, the names to take from the context, and whether ``**context`` takes all of it.
    """
    parameters = inspect.signature(operator.python_callable).parameters
    everything = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    taken = {
        name
        for name, parameter in itertools.islice(parameters.items(), len(args))
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    }
    for name in taken:
        if name in kwargs or name in context:
            raise ValueError(f"The key {name!r} in args is a part of kwargs and therefore reserved.")
    if not everything:  # what the signature does not name is left out, as in the stock operators
        kwargs = {name: value for name, value in kwargs.items() if name in parameters}
    named = tuple(name for name in parameters if name not in kwargs and name not in taken and name in context)
    return kwargs, named, everything


def _variables(operator: VenvOperator, folder: str | None) -> dict[str, str]:
    """Build the child's environment variables; the folder that DAGs are imported from ends its module path."""
    variables = dict(os.environ) if operator.inherit_env else {}
    variables.update({str(name): str(value) for name, value in (operator.env_vars or {}).items()})
    if folder:
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, [variables.get("PYTHONPATH"), folder]))
    return variables
