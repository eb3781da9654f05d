"""Find what DAG files require of environments, without running them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_venv.piece import Piece

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Demand", "Unreadable", "scan"]

_DECORATORS = {"venv", "venv_branch", "venv_short_circuit", "venv_sensor"}
_OPERATORS = {"VenvBashOperator", "VenvOperator", "VenvBranchOperator", "VenvShortCircuitOperator", "VenvSensor"}
_RUN_IN_AIRFLOW = {"venv_bash"}
"""Decorators whose functions run where Airflow runs."""


@dataclass(frozen=True)
class Demand:
    """One task's function and what it imports."""

    file: str
    line: int
    function: str
    """Empty where the operator's function is not in the same file."""
    environment: str
    modules: tuple[str, ...] = ()
    """Top-level modules that the function imports, outside of `try` blocks."""
    piece: Piece | None = None
    """The function's own lines, where they are known."""


@dataclass(frozen=True)
class Unreadable:
    """A file that is no Python."""

    file: str
    line: int
    message: str


def scan(folder: str) -> tuple[list[Demand], list[Unreadable]]:
    """Read every Python file below a folder, or one file."""
    root = Path(folder)
    demands: list[Demand] = []
    unreadable = []
    for path in [root] if root.is_file() else sorted(root.rglob("*.py")):
        content = path.read_bytes()
        try:
            tree = ast.parse(content, str(path))
        except (SyntaxError, ValueError) as error:
            unreadable.append(Unreadable(str(path), getattr(error, "lineno", 0) or 0, str(error)))
            continue
        demands += _demands(tree, str(path), content.decode(errors="replace").splitlines(keepends=True))
    return demands, unreadable


def _demands(tree: ast.Module, file: str, lines: list[str]) -> Iterator[Demand]:
    """Yield what a file's decorated functions and operators ask for."""
    functions = {
        node.name: node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for decorator in node.decorator_list:
                if name := _environment(decorator, _RUN_IN_AIRFLOW):
                    yield Demand(file, decorator.lineno, node.name, name)
                elif name := _environment(decorator, _DECORATORS):
                    yield Demand(file, decorator.lineno, node.name, name, _modules(node), _piece(node, file, lines))
        elif name := _environment(node, _OPERATORS):
            line = getattr(node, "lineno", 0)
            argument = _keyword(node, "python_callable")
            if isinstance(argument, ast.Name) and argument.id in functions:
                function = functions[argument.id]
                yield Demand(file, line, function.name, name, _modules(function), _piece(function, file, lines))
            else:
                yield Demand(file, line, "", name, piece=_file_piece(argument, file))


def _piece(node: ast.stmt, file: str, lines: list[str]) -> Piece:
    """Cut a function out of its file, without its decorators."""
    text = lines[node.lineno - 1 : node.end_lineno]
    return Piece("".join(text), file, node.lineno, indented=text[0][:1] in " \t\f")


def _file_piece(argument: ast.expr | None, file: str) -> Piece | None:
    """Read the file of a function that is named as `"path/to/file.py:function"`, where it lies beside the DAG file."""
    value = argument.value if isinstance(argument, ast.Constant) else None
    path = Path(file).parent / value.rpartition(":")[0] if isinstance(value, str) and ":" in value else None
    if path is None or not path.is_file():
        return None
    return Piece(path.read_text(encoding="utf-8", errors="replace"), str(path), 1)


def _environment(node: ast.AST, callables: set[str]) -> str | None:
    """Return the environment's name of a call such as `task.venv("name")`, where it is written out."""
    if not isinstance(node, ast.Call):
        return None
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
    if called not in callables:
        return None
    value = node.args[0] if node.args else _keyword(node, "venv")
    name = value.value if isinstance(value, ast.Constant) else None
    return name if isinstance(name, str) and "{" not in name else None


def _keyword(node: ast.AST, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in getattr(node, "keywords", ()) if keyword.arg == name), None)


def _modules(function: ast.AST) -> tuple[str, ...]:
    """List the top-level modules of a function's imports; those in `try` may be missing."""
    modules: dict[str, None] = {}
    pending = list(ast.iter_child_nodes(function))
    while pending:
        node = pending.pop(0)
        if isinstance(node, ast.Import):
            modules.update(dict.fromkeys(alias.name.partition(".")[0] for alias in node.names))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules[node.module.partition(".")[0]] = None
        elif not isinstance(node, ast.Try):
            pending += ast.iter_child_nodes(node)
    return tuple(modules)
