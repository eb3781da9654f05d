"""Names in the code: class names are unique, and local names are descriptive."""

import ast
import re
from collections import Counter

import pytest

from tests.repository.test_every_test_runs import tracked
from tools.state import ROOT

TWICE = {"provider": {"TransferError"}}
"""Names that two classes share on purpose: the child cannot import the worker's module, which needs Airflow, and users
see either error under the public name."""

VAGUE = {"found", "each", "wanted", "said", "asked", "made", "told", "given", "kept"}
"""Participles that do not say what was found, made or kept."""
IN_USE = re.compile(rf"\b(?:{'|'.join(VAGUE)})\b")


@pytest.mark.parametrize("distribution", ["frontend", "provider"])
def test_no_two_classes_of_a_distribution_have_one_name(distribution):
    """A search for a class name finds a single class."""
    trees = [ast.parse((ROOT / path).read_bytes()) for path in tracked(f"{distribution}/*.py")]
    names = Counter(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    assert len(names) > 10
    assert {name for name, times in names.items() if times > 1} == TWICE.get(distribution, set())


@pytest.mark.parametrize("folder", ["frontend", "provider", "tests", "tools", "bench"])
def test_local_names_are_descriptive(folder):
    """No function, variable, parameter or attribute is only named by a participle."""
    vague = [
        f"{path}:{node.lineno}: {name}"
        for path in tracked(f"{folder}/*.py")
        if IN_USE.search(source := (ROOT / path).read_text())  # parsing takes longer
        for node in ast.walk(ast.parse(source))
        if (name := _bound_name(node)) in VAGUE
    ]
    assert vague == []


def _bound_name(node):
    """Return the name that a node binds, or an empty string."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        return node.attr
    if isinstance(node, ast.arg):
        return node.arg
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name
    return (node.name or "") if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) else ""
