"""Find the statement of a file that binds a name, and extract its lines, for `include`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Union

from airflow_venv.source.extract import Definition, walk_scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_venv.piece import Piece

__all__ = ["binding"]

_Import = Union[ast.Import, ast.ImportFrom]


def binding(name: str, user: Definition, values: dict[str, Any], using: str = "") -> tuple[Piece | None, str]:
    """Find the statement that binds a name for a function, searching the innermost scope first.

    Args:
        name: the name.
        user: the definition that uses the name.
        values: values of names in this process, as far as they are known.
        using: the source code that uses the name. It determines which of several statements such as `import a.b` and
            `import a.c` are needed.

    Returns:
        The piece of source that binds the name and an empty text, or None and the reason why there is none.
    """
    for body in walk_scopes(user.tree, user.node):
        for statement in reversed(body):
            if statement is not user.node and name in _bound(statement):
                if _submodules(name, statement):
                    return _cut_submodules(name, body, user, _paths(name, using)), ""
                return _cut(name, statement, user, values)
    if name in values:
        return None, "it is a variable of an enclosing function or was put there by other code: pass it as an argument"
    return None, "nothing in the file defines it"


def _bound(statement: ast.stmt) -> set[str]:
    """Collect the names that a statement binds in its own scope."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
    names = set()
    for part in _without_scopes(statement):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            names.add(part.id)
        elif part is not statement and isinstance(part, ast.stmt):
            names |= _bound(part) if not hasattr(part, "body") or hasattr(part, "name") else set()
    return names


def _without_scopes(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a statement, but not the bodies of functions and classes, which bind names in their own scopes."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield child
        elif not isinstance(child, ast.Lambda):
            yield from _without_scopes(child)


def _cut(name: str, statement: ast.stmt, user: Definition, values: dict[str, Any]) -> tuple[Piece | None, str]:
    """Extract the binding statement if it can run in another interpreter; otherwise return None and the reason."""
    value = values.get(name)
    if type(value).__module__.partition(".")[0] == "airflow" or getattr(value, "_airflow_is_task_decorator", False):
        return None, f"it is a part of the DAG (line {statement.lineno})"
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return _cut_import(name, statement, user)
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return Definition(user.lines, user.filename, user.tree, statement).piece(), ""
    if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test):
        return None, f"it is imported for type checkers only (line {statement.lineno})"
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Try, ast.If)):
        return user.cut(statement.lineno, statement.end_lineno or statement.lineno), ""
    return None, f"it is bound by a statement that belongs to the DAG (line {statement.lineno}): pass it as an argument"


def _cut_import(name: str, statement: _Import, user: Definition) -> tuple[Piece | None, str]:
    """Reduce an import to the one name that is needed, because others may not exist in the environment."""
    if isinstance(statement, ast.ImportFrom) and statement.level:
        return None, f"it is imported relative to the DAG's package (line {statement.lineno})"
    aliases = [alias for alias in statement.names if (alias.asname or alias.name.partition(".")[0]) == name]
    reduced: ast.stmt = ast.Import(names=aliases)
    if isinstance(statement, ast.ImportFrom):
        reduced = ast.ImportFrom(module=statement.module, names=aliases, level=0)
    return user.written(ast.unparse(reduced) + "\n", statement.lineno), ""


def _submodules(name: str, statement: ast.stmt) -> list[str]:
    """List the modules below a name that a statement such as `import a.b, a.c` imports.

    Several such statements for one name complement each other; none replaces another.
    """
    aliases = statement.names if isinstance(statement, ast.Import) else ()
    return [alias.name for alias in aliases if alias.asname is None and alias.name.partition(".")[0] == name]


def _paths(name: str, source: str) -> set[str]:
    """Collect the dotted paths in a source that start with a name, such as `a.b.f` in `a.b.f(x).y`."""
    paths = set()
    inner = set()
    for node in ast.walk(ast.parse(source)):
        path, below = _path(node)
        if path.partition(".")[0] == name and node not in inner:
            paths.add(path)
            inner |= below
    return paths


def _path(node: ast.AST) -> tuple[str, set[ast.AST]]:
    """Return the dotted path of an expression and the nodes below it; an empty path for any other expression."""
    below: set[ast.AST] = set()
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
        below.add(node)
    return (".".join([node.id, *reversed(names)]), below) if isinstance(node, ast.Name) else ("", below)


def _cut_submodules(name: str, body: list[ast.stmt], user: Definition, paths: set[str]) -> Piece:
    """Import the modules below a name that the paths use, each on its original line; all of them if none is used."""
    imports = [(module, statement.lineno) for statement in body for module in _submodules(name, statement)]
    needed = [(module, line) for module, line in imports if any(_concerns(path, module) for path in paths)] or imports
    first = line = needed[0][1]
    text = ""
    for module, place in needed:
        text += "\n" * (place - line) + ("; " if text and place == line else "") + f"import {module}"
        line = place
    return user.written(text + "\n", first)


def _concerns(path: str, module: str) -> bool:
    """Return whether a dotted path names a module, something in it, or a package that contains it."""
    return f"{path}.".startswith(f"{module}.") or module.startswith(f"{path}.")
