"""Modules that a function's own statements import."""

import pytest

from airflow_venv.call import FunctionSource
from airflow_venv.piece import Piece
from airflow_venv.source.imports import imported_modules


@pytest.mark.parametrize(
    ("statement", "modules"),
    [
        ("import a, b.c as d", ("a", "b.c")),
        ("from a.b import c, d as e", ("a.b:c", "a.b:d")),
        ("from a import *", ("a",)),
        ("from . import a", ()),
        ("from __future__ import annotations", ()),
        ("from airflow.sdk import Variable", ()),
        ("import airflow_venv, airflowish", ("airflowish",)),
        ("if 0:\n    try:\n        import a\n    except ImportError: import b\n", ("a", "b")),
        ("def f():\n    async def g():\n        import a\n", ("a",)),
        ("match 1: ===", ()),
    ],
)
def test_statements_name_modules(statement, modules):
    """Statements are found at any depth; Airflow is left out, and `from` may import a module or another name."""
    assert imported_modules(FunctionSource("f", (Piece(statement, "dag.py", 1),))) == modules
