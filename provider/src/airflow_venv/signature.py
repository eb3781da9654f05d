"""Fit arguments and Airflow's context to a function's signature, as every Python operator of Airflow does."""

from __future__ import annotations

import inspect
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_venv._compat import KNOWN_CONTEXT_KEYS, REMOVED_CONTEXT_KEYS
from airflow_venv.errors import SourceError
from airflow_venv.worker.context_encoding import refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

__all__ = ["Bound", "bind", "check_context_parameters"]


@dataclass(frozen=True)
class Bound:
    """The arguments of a call, and the names that it takes from Airflow's context."""

    kwargs: dict[str, Any]
    arg_names: tuple[str, ...] = ()
    """The parameters that the positional arguments fill."""
    context_names: tuple[str, ...] = ()
    """Parameters that nobody passes and that are keys of the context."""
    all_context: bool = False
    """Whether the function has a `**context` parameter."""


def check_context_parameters(function: Callable[..., Any], args: Collection[Any], kwargs: Iterable[str]) -> None:
    """Check, while a DAG is parsed, that the function asks for no context value that cannot reach an environment.

    Raises:
        SourceError: a parameter would otherwise silently be None.
    """
    parameters = inspect.signature(function).parameters
    passed = {*kwargs, *list(parameters)[: len(args)]}
    unfilled = [name for name in parameters if name not in passed]
    reasons = refusals(name for name in unfilled if name in KNOWN_CONTEXT_KEYS)
    for name in unfilled:
        if name in REMOVED_CONTEXT_KEYS and parameters[name].default in (None, inspect.Parameter.empty):
            reasons[name] = f"Airflow 3 no longer has it; {REMOVED_CONTEXT_KEYS[name]}"
    if reasons:
        listed = "; ".join(f"{name} ({reason})" for name, reason in reasons.items())
        raise SourceError(f"The function {function.__name__} has parameters that cannot be filled: {listed}.")


def bind(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], context: Mapping[str, Any]
) -> Bound:
    """Fit a call to the function's signature.

    Raises:
        TypeError: a parameter is a key of Airflow's context that this run does not have.
        ValueError: an argument is given twice.
    """
    parameters = inspect.signature(function).parameters
    all_context = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    positional = [
        name
        for name, parameter in itertools.islice(parameters.items(), len(args))
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    for name in positional:
        if name in kwargs or name in context:
            raise ValueError(f"The key {name!r} in args is a part of kwargs and therefore reserved.")
    if not all_context:  # what the signature does not name is left out, as in the stock operators
        kwargs = {name: value for name, value in kwargs.items() if name in parameters}
    missing = [name for name in parameters if name not in kwargs and name not in positional]
    names = tuple(name for name in missing if name in context)
    for name in missing:
        if name in KNOWN_CONTEXT_KEYS and name not in names and parameters[name].default is inspect.Parameter.empty:
            raise TypeError(f"{function.__name__}() needs {name!r}, which {_why_missing(context)}")
    return Bound(kwargs, tuple(positional), names, all_context)


def _why_missing(context: Mapping[str, Any]) -> str:
    """Explain why a key is not in the context of this run, and what to do."""
    if getattr(context.get("dag_run"), "logical_date", context) is None:
        return (
            "Airflow's context does not have in this run: the run has no logical date, since an asset or a person "
            "started it. Give the parameter a default, or use dag_run.run_after"
        )
    return "Airflow's context does not have in this run. Give the parameter a default"
