"""Names that a reader meets: one class for each."""

import ast
from collections import Counter

import pytest

from tests.repository.test_every_test_runs import tracked
from tools.state import ROOT

TWICE = {"provider": {"TransferError"}}
"""Names that two classes have on purpose: the child cannot import the module of the worker's, which needs Airflow, and
users see either error under the one public name."""


@pytest.mark.parametrize("distribution", ["frontend", "provider"])
def test_no_two_classes_of_a_distribution_have_one_name(distribution):
    """A search for a class finds one."""
    trees = [ast.parse((ROOT / path).read_bytes()) for path in tracked(f"{distribution}/*.py")]
    names = Counter(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    assert len(names) > 10
    assert {name for name, times in names.items() if times > 1} == TWICE.get(distribution, set())
