"""Names that a reader meets: one class for each, and local names that say what they hold."""

import ast
from collections import Counter

import pytest

from tests.repository.test_every_test_runs import tracked
from tools.state import ROOT

TWICE = {"provider": {"TransferError"}}
"""Names that two classes have on purpose: the child cannot import the module of the worker's, which needs Airflow, and
users see either error under the one public name."""

VAGUE = {"found", "each", "wanted", "said", "asked", "made", "told", "given", "kept"}
"""Participles that leave out what was found, made or kept."""


@pytest.mark.parametrize("distribution", ["frontend", "provider"])
def test_no_two_classes_of_a_distribution_have_one_name(distribution):
    """A search for a class finds one."""
    trees = [ast.parse((ROOT / path).read_bytes()) for path in tracked(f"{distribution}/*.py")]
    names = Counter(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    assert len(names) > 10
    assert {name for name, times in names.items() if times > 1} == TWICE.get(distribution, set())


@pytest.mark.parametrize("folder", ["frontend", "provider", "tests", "tools", "bench"])
def test_local_names_say_what_they_hold(folder):
    """No variable, parameter or attribute is called by a participle alone."""
    vague = [
        f"{path}:{node.lineno}: {name}"
        for path in tracked(f"{folder}/*.py")
        for node in ast.walk(ast.parse((ROOT / path).read_bytes()))
        if (name := _bound_name(node)) in VAGUE
    ]
    assert vague == []


def _bound_name(node):
    """Return the name that a node of a function binds, or an empty string."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    if isinstance(node, ast.arg):
        return node.arg
    return (node.name or "") if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) else ""
