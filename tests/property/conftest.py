"""How many examples: some hundreds each by default, as many as PYENV_EXAMPLES says in a long run (`make property`)."""

import os

import pytest
from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("PYENV_EXAMPLES", "300"))

settings.register_profile(
    "pyenv",
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("pyenv")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a long run its time: a test that hangs is still ended. The hook sees the tests of other folders, too."""
    for item in items:
        if item.path.parent.name == "property":
            item.add_marker(pytest.mark.timeout(900 + EXAMPLES // 5))
