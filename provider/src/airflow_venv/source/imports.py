"""What a function imports, by its own import statements."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_venv.call import FunctionSource

__all__ = ["imported_modules"]

_NEVER = {"__future__", "airflow", "airflow_venv"}


def imported_modules(function: FunctionSource) -> tuple[str, ...]:
    """List what the statements of a function import, in their order; what this Python cannot read has none.

    `import a.b` gives `a.b`, and `from a import b` gives `a:b`: whether `b` is a module is known where `a` is.
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
