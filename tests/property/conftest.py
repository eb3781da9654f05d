"""The number of examples: some hundreds each by default, or PYENV_EXAMPLES in a long run (`make property`)."""

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
    """Set a timeout that depends on the number of examples. The hook also receives tests of other folders."""
    for item in items:
        if item.path.parent.name == "property":
            item.add_marker(pytest.mark.timeout(900 + EXAMPLES // 5))
