"""Find the modules that a function imports, from its import statements."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_venv.call import FunctionSource

__all__ = ["imported_modules"]

_NEVER = {"__future__", "airflow", "airflow_venv"}


def imported_modules(function: FunctionSource) -> tuple[str, ...]:
    """List the modules that a function's import statements name, in order and without Airflow's.

    `import a.b` is listed as `a.b`, and `from a import b` as `a:b`, because only an interpreter that has `a` can tell
    whether `b` is a module. Pieces that this Python cannot parse are skipped.
    """
    names: dict[str, None] = {}
    for piece in function.pieces:
        try:
            tree = ast.parse(piece.compilable())
        except SyntaxError:  # of a newer Python
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names.update(dict.fromkeys(alias.name for alias in node.names))
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    names[node.module if alias.name == "*" else f"{node.module}:{alias.name}"] = None
    return tuple(name for name in names if name.partition(":")[0].partition(".")[0] not in _NEVER)
