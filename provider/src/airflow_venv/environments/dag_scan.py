"""What the DAG files of a folder ask of environments, read without running them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Demand", "Unreadable", "scan"]

_DECORATORS = {"venv", "venv_branch", "venv_short_circuit", "venv_sensor"}
_OPERATORS = {"VenvOperator", "VenvBranchOperator", "VenvShortCircuitOperator", "VenvSensor"}


@dataclass(frozen=True)
class Demand:
    """One task's function and what it imports."""

    file: str
    line: int
    function: str
    """Empty where the operator's function is not in the same file."""
    environment: str
    modules: tuple[str, ...]
    """Top-level modules that the function imports, outside of `try` blocks."""


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
        try:
            tree = ast.parse(path.read_bytes(), str(path))
        except (SyntaxError, ValueError) as error:
            unreadable.append(Unreadable(str(path), getattr(error, "lineno", 0) or 0, str(error)))
            continue
        demands += _demands(tree, str(path))
    return demands, unreadable


def _demands(tree: ast.Module, file: str) -> Iterator[Demand]:
    """Yield what a file's decorated functions and operators ask for."""
    functions = {
        node.name: node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for decorator in node.decorator_list:
                if name := _environment(decorator, _DECORATORS):
                    yield Demand(file, decorator.lineno, node.name, name, _modules(node))
        elif name := _environment(node, _OPERATORS):
            passed = _keyword(node, "python_callable")
            function = functions.get(passed.id) if isinstance(passed, ast.Name) else None
            modules = _modules(function) if function else ()
            yield Demand(file, getattr(node, "lineno", 0), function.name if function else "", name, modules)


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
