"""What is checked when a DAG is parsed: the environment's name, and the function's independence of its module."""

from __future__ import annotations

import inspect
import logging
import weakref
from typing import TYPE_CHECKING, Any

from airflow_venv import config
from airflow_venv._compat import AIRFLOW_3, KNOWN_CONTEXT_KEYS
from airflow_venv.environments.lookup import check_name, environments, find, is_template
from airflow_venv.errors import SourceError
from airflow_venv.source import free_names
from airflow_venv.source.extract import locate, unwrap
from airflow_venv.worker import context_names

if TYPE_CHECKING:
    from airflow_venv.call import FunctionSource
    from airflow_venv.operators import VenvOperator

__all__ = ["check_at_parse", "check_function", "function_source"]

log = logging.getLogger(__name__)
_BY_DAY = (
    "next_ds",
    "next_ds_nodash",
    "next_execution_date",
    "prev_ds",
    "prev_ds_nodash",
    "prev_execution_date",
    "prev_execution_date_success",
    "tomorrow_ds",
    "tomorrow_ds_nodash",
    "yesterday_ds",
    "yesterday_ds_nodash",
)
_GONE = {
    "conf": "read Airflow's own configuration with a template, or pass what you need as an argument",
    "execution_date": "it is called logical_date now",
    "triggering_dataset_events": "it is called triggering_asset_events now",
    **dict.fromkeys(_BY_DAY, "compute it from logical_date or the data interval"),
}
"""Names of Airflow 2's context that Airflow 3 has not, with what to do instead."""
_gathered: weakref.WeakKeyDictionary[Any, dict[str, free_names.Gathered]] = weakref.WeakKeyDictionary()


def check_at_parse(name: str | None) -> None:
    """Look an environment's name up while the DAG is parsed, if ``[venv] parse_check`` says so.

    ``auto`` looks where there are environments at all: a scheduler or DAG processor that runs another image than the
    workers has none, and there the look-up waits for the task.

    Raises:
        UnknownEnvironmentError: there is no such environment.
    """
    if name is None or is_template(name):
        return
    check = config.option("parse_check")
    if check == "strict" or (check == "auto" and environments()):
        find(check_name(name))


def check_function(operator: VenvOperator) -> None:
    """Check that the function can do without its module and without what Airflow keeps to itself.

    Names that its environment will not have are reported as ``[venv] free_names`` says.

    Raises:
        SourceError: there are such names; or its source cannot be had; or it asks for a value of Airflow's context
            that cannot be given.
    """
    _check_context(operator)
    gathered = _gather(operator)
    if not gathered.missing:
        return
    strictness = config.option("free_names")
    if strictness == "error":
        raise SourceError(_report(gathered))
    if strictness == "warn":
        log.warning("%s", _report(gathered))


def _check_context(operator: VenvOperator) -> None:
    """Refuse parameters that ask for what the function could only get as None."""
    parameters = inspect.signature(operator.python_callable).parameters
    passed = {*operator.op_kwargs, *list(parameters)[: len(operator.op_args)]}
    asked = [name for name in parameters if name not in passed]
    reasons = context_names.refusals(name for name in asked if name in KNOWN_CONTEXT_KEYS)
    for name in asked:
        if AIRFLOW_3 and name in _GONE and parameters[name].default in (None, inspect.Parameter.empty):
            reasons[name] = f"Airflow 3 no longer has it; {_GONE[name]}"
    if reasons:
        listed = "; ".join(f"{name} ({reason})" for name, reason in reasons.items())
        raise SourceError(
            f"The function {operator.python_callable.__name__} asks for what it cannot be given: {listed}."
        )


def function_source(operator: VenvOperator) -> FunctionSource:
    """Give the function's source with what it takes along, without the decorators that make a task of it."""
    return _gather(operator).source


def _gather(operator: VenvOperator) -> free_names.Gathered:
    """Collect the source once per function: a function may be the task of many operators."""
    function = operator.python_callable
    key = repr(operator.include)
    kept = _gathered.setdefault(function, {})
    if key not in kept:
        kept[key] = free_names.gather(
            function, operator.include, _decorators_to_drop(function, decorated=operator.decorated)
        )
    return kept[key]


def _decorators_to_drop(function: Any, *, decorated: bool) -> int:
    """Count the decorators above the function that must not go along.

    A decorator that was made in another function, out of sight, is not found by position or name; it must be the
    topmost one then, and if the function it was given is the plain one, none of those below has left a trace.
    """
    plain = unwrap(function)
    definition = locate(plain)
    count = definition.task_decorators(free_names.values_around(plain))
    if count or not decorated:
        return count
    return len(definition.node.decorator_list) if plain is function else 1


def _report(gathered: free_names.Gathered) -> str:
    """Name every missing name with its lines and, where one is known, the reason."""
    lines: dict[str, list[str]] = {}
    for use in gathered.missing:
        lines.setdefault(use.name, []).append(str(use.line))
    parts = []
    for name, numbers in lines.items():
        reason = f": {gathered.reasons[name]}" if name in gathered.reasons else ""
        parts.append(f"{name} (line {', '.join(dict.fromkeys(numbers))}{reason})")
    return (
        f"The function {gathered.source.name} ({gathered.source.pieces[-1].filename}) runs in another interpreter, "
        f"where these names will not exist: {'; '.join(parts)}. Import or define them inside the function, pass them "
        'as arguments, or bring them along: include="auto", or include=[...] with the functions and names it needs.'
    )
