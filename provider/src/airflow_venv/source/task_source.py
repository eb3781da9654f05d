"""Provide the checked source of a task's function with everything included, cached for the lifetime of the process."""

from __future__ import annotations

import logging
import weakref
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from airflow_venv import config
from airflow_venv.errors import SourceError
from airflow_venv.source import free_names
from airflow_venv.source.extract import locate, unwrap
from airflow_venv.source.newer_syntax import find_newer_syntax

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_venv.call import FunctionSource
    from airflow_venv.piece import Piece
    from airflow_venv.source.newer_syntax import NewerSyntax

__all__ = ["check_names", "check_syntax", "task_source"]

log = logging.getLogger(__name__)
_cache: weakref.WeakKeyDictionary[Any, dict[str, free_names.Gathered]] = weakref.WeakKeyDictionary()
"""Results by function and `include`, because a function may be used by many operators."""


def task_source(function: Callable[..., Any], include: free_names.Include, *, decorated: bool) -> FunctionSource:
    """Return a function's source with everything included, without the decorators that turn it into a task.

    Args:
        function: the function, wrapped or not.
        include: functions, classes and names of its module, or `"auto"`.
        decorated: whether a decorator has turned it into a task; this decorator is removed.

    Raises:
        SourceError: the source cannot be read.
    """
    return _gather(function, include, decorated=decorated).source


def check_names(function: Callable[..., Any], include: free_names.Include, *, decorated: bool) -> None:
    """Check that all names that the function uses will exist in its environment.

    The setting `[venv] free_names` determines whether missing names raise an error, are logged as a warning or ignored.

    Args:
        function: the function, wrapped or not.
        include: functions, classes and names of its module, or `"auto"`.
        decorated: whether a decorator has turned it into a task.

    Raises:
        SourceError: names will be missing and the setting is `error`, or the source cannot be read.
    """
    gathered = _gather(function, include, decorated=decorated)
    if not gathered.missing:
        return
    strictness = config.option("free_names")
    if strictness == "error":
        raise SourceError(_report(gathered))
    if strictness == "warn":
        log.warning("%s", _report(gathered))


def check_syntax(source: FunctionSource, version: tuple[int, ...], label: str) -> None:
    """Check that a given version of Python can parse a function's source.

    Args:
        source: the function with everything included.
        version: the version of the environment's Python, with at least the major and the minor number.
        label: the description of the environment in the error message.

    Raises:
        SourceError: the source contains syntax of a newer version.
    """
    for piece in source.pieces:
        newer = _newer_syntax(piece, version[:2])
        if newer is not None:
            number = ".".join(map(str, version))
            raise SourceError(
                f"{label} runs Python {number}, which cannot read line {newer.line} of {piece.filename} (function "
                f"{source.name}): {newer.reason}. Write it in older syntax, or give the environment a newer Python"
            )


@lru_cache(maxsize=1000)
def _newer_syntax(piece: Piece, version: tuple[int, ...]) -> NewerSyntax | None:
    return find_newer_syntax(piece.compilable(), version)


def _gather(function: Callable[..., Any], include: free_names.Include, *, decorated: bool) -> free_names.Gathered:
    by_include = _cache.setdefault(function, {})
    key = repr(include)
    if key not in by_include:
        by_include[key] = free_names.gather(function, include, _decorators_to_drop(function, decorated=decorated))
    return by_include[key]


def _decorators_to_drop(function: Any, *, decorated: bool) -> int:
    """Return the number of decorators, from the first, to remove from the function's source.

    A task decorator that was created in another function is found neither by its position nor by its name. It is then
    assumed to be the first one. If it has received the plain function, the other decorators have left no trace on the
    function, and all are removed.
    """
    plain = unwrap(function)
    definition = locate(plain)
    count = definition.task_decorators(free_names.values_around(plain))
    if count or not decorated:
        return count
    return len(definition.node.decorator_list) if plain is function else 1


def _report(gathered: free_names.Gathered) -> str:
    """Return a message with each missing name, its lines and, if it is known, the reason."""
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
