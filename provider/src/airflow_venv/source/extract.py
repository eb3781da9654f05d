"""Extract the source of a function from its file, by its position.

The file is parsed with `ast`, and the function is found by the line number of its code object, never by the text of its
decorators. Therefore aliases, nested functions, strings with text in the first column and similar text in comments do
no harm. Whole lines are extracted unchanged, with their file name and line number, and the child compiles them with
both.

The task decorator and all decorators above it are removed, because they turn the function into a task. Those below it
belong to the function and are kept. The task decorator is the one on whose lines this package's decorator was called
(see `remember_call`) or, if a decorator object was assigned to a name before, the one with that name.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import os
import sys
from typing import TYPE_CHECKING, Any, Union

from airflow_venv.errors import SourceError
from airflow_venv.piece import Piece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

__all__ = ["MARK", "Definition", "locate", "remember_call", "unwrap", "walk_scopes"]

MARK = "_makes_venv_tasks"
"""Attribute that marks this package's decorators, whatever name they are used by."""

Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]
_FUTURE = ("annotations",)  # so that names in annotations need not exist in the environment
_calls: set[tuple[str, int]] = set()
_trees: dict[str, tuple[list[str], ast.Module]] = {}


def remember_call(depth: int = 8) -> None:
    """Record the files and line numbers from which this package's decorator is being called.

    Args:
        depth: the number of frames to record, from the direct caller outwards.
    """
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - cheaper than inspect.stack()
    while frame is not None and depth:
        _calls.add((_absolute(frame.f_code.co_filename), frame.f_lineno))
        frame, depth = frame.f_back, depth - 1


def unwrap(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the plain function that a task or decorators with `functools.wraps` wrap."""
    task = getattr(function, "function", None)
    if getattr(function, "_airflow_is_task_decorator", False) and callable(task):
        function = task
    plain: Callable[..., Any] = inspect.unwrap(function)
    return plain


class Definition:
    """Definition of a function or class in a file.

    Args:
        lines: the lines of the file.
        filename: the file's absolute path, or a name in angle brackets.
        tree: the syntax tree of the file.
        node: the node of the definition in this tree.
    """

    def __init__(self, lines: list[str], filename: str, tree: ast.Module, node: Function | ast.ClassDef) -> None:
        self.lines = lines
        """Lines of the file, including their line ends."""
        self.filename = filename
        self.tree = tree
        self.node = node

    def piece(self, skip_decorators: int = 0) -> Piece:
        """Return the source of the definition, without the first `skip_decorators` decorators."""
        decorators = self.node.decorator_list[skip_decorators:]
        first = _first_line(decorators[0], self.lines) if decorators else self.node.lineno
        return self.cut(first, self.node.end_lineno or first)

    def cut(self, first: int, last: int) -> Piece:
        """Return the source of whole lines. Both line numbers start at 1 and are inclusive."""
        lines = self.lines[first - 1 : last]
        text = "".join(lines)
        return Piece(
            text=text if text.endswith("\n") else text + "\n",
            filename=self.filename,
            first_line=first,
            indented=lines[0][:1] in " \t\f",
            future=_FUTURE,
        )

    def written(self, text: str, line: int) -> Piece:
        """Return a piece with another text that replaces one line of the file."""
        return Piece(text=text, filename=self.filename, first_line=line, future=_FUTURE)

    def task_decorators(self, names: Mapping[str, Any]) -> int:
        """Return the number of decorators from the first to the task decorator, or 0 if there is no task decorator.

        Args:
            names: the values of names, to recognise decorator objects that were assigned to a name.
        """
        count = 0
        for index, decorator in enumerate(self.node.decorator_list, start=1):
            lines = range(decorator.lineno, (decorator.end_lineno or decorator.lineno) + 1)
            called = any((self.filename, line) in _calls for line in lines)
            if called or inspect.getattr_static(_value(decorator, names), MARK, None):
                count = index
        return count


def locate(function: Callable[..., Any], beside: Callable[..., Any] | None = None) -> Definition:
    """Find the definition of a function or class in its file.

    Args:
        function: the function or class.
        beside: a function. A class of the same module is searched for in the file of this function, even if the module
            is not in `sys.modules`.

    Raises:
        SourceError: the source is not available, or the file has changed since it was imported.
    """
    function = unwrap(function)
    if inspect.isclass(function):
        return _locate_class(function, beside)
    code = function.__code__
    lines, filename, tree = _file(code.co_filename, function.__globals__, function.__qualname__)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == code.co_name:
            starts = {node.lineno, *(decorator.lineno for decorator in node.decorator_list)}
            if code.co_firstlineno in starts:
                return Definition(lines, filename, tree, node)
    raise SourceError(
        f"The function {function.__qualname__} is not on line {code.co_firstlineno} of {filename}: "
        "the file was changed after it was read. It will be right at the next parse."
    )


def _locate_class(kind: type, beside: Any) -> Definition:
    """Find a class by its qualified name in the file of its module."""
    module = sys.modules.get(kind.__module__)
    filename, names = getattr(module, "__file__", None), getattr(module, "__dict__", {})
    if beside is not None and beside.__module__ == kind.__module__:
        filename, names = beside.__code__.co_filename, beside.__globals__
    if filename is None:
        raise SourceError(f"The class {kind.__qualname__} has no source file, so it cannot be included.")
    lines, filename, tree = _file(filename, names, kind.__qualname__)
    body: list[Any] = list(tree.body)
    node: Any = None
    for part in kind.__qualname__.replace("<locals>.", "").split("."):
        node = next((item for item in body if getattr(item, "name", None) == part), None)
        if node is None:
            raise SourceError(f"The class {kind.__qualname__} was not found in {filename}, so it cannot be included.")
        body = list(node.body)
    return Definition(lines, filename, tree, node)


def _file(filename: str, names: dict[str, Any], what: str) -> tuple[list[str], str, ast.Module]:
    """Read and parse a file. `linecache` also reads files in archives and cells of notebooks."""
    linecache.checkcache(filename)
    lines = linecache.getlines(filename, names)
    if not lines:
        raise SourceError(
            f"The source of {what} is not available (file {filename!r}): a task for another interpreter must be "
            "defined in a file, or named by one: python_callable='path/to/file.py:function'."
        )
    filename = _absolute(filename)
    if (cached := _trees.get(filename)) is None or cached[0] != lines:
        cached = _trees[filename] = (lines, ast.parse("".join(lines)))
    return lines, filename, cached[1]


def _absolute(filename: str) -> str:
    """Make a file name absolute, except for names in angle brackets, which are not files."""
    return filename if filename.startswith("<") else os.path.abspath(filename)  # noqa: PTH100 - pathlib keeps ".."


def _first_line(decorator: ast.expr, lines: list[str]) -> int:
    """Return the line of a decorator's `@`. After a backslash, its expression may start on a later line."""
    line = decorator.lineno
    while line > 1 and not lines[line - 1].lstrip().startswith("@"):
        line -= 1
    return line


def _value(expression: ast.expr, names: Mapping[str, Any]) -> Any:
    """Evaluate `name`, `name.attribute` or the function of a call, without running code; None for other expressions."""
    if isinstance(expression, ast.Call):
        return _value(expression.func, names)
    if isinstance(expression, ast.Name):
        return names.get(expression.id)
    if isinstance(expression, ast.Attribute):
        owner = _value(expression.value, names)
        return inspect.getattr_static(owner, expression.attr, None) if owner is not None else None
    return None


def walk_scopes(tree: ast.Module, node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield the bodies of the functions and the module that enclose a definition, starting with the innermost."""
    chain = _chain(tree, node) or [tree]
    for scope in reversed(chain):
        if isinstance(scope, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield scope.body


def _chain(scope: ast.AST, node: ast.AST) -> list[ast.AST] | None:
    """List the nodes from `scope` to the parent of `node`, or return None if `scope` does not contain it."""
    for child in ast.iter_child_nodes(scope):
        if child is node:
            return [scope]
        if (below := _chain(child, node)) is not None:
            return [scope, *below]
    return None
