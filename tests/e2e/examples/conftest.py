"""Examples built as they are: only the frontend's name is that of this checkout."""

from collections.abc import Callable

import pytest

from tests.support import examples
from tests.support.builds import Build
from tools import wheels

AIRFLOW = "apache/airflow:3.3.2-python3.12"


@pytest.fixture(scope="session")
def provider() -> str:
    """Return the option that hands the provider's wheel to a build."""
    return f"--build-context=provider={wheels.provider_wheel()}"


@pytest.fixture
def example(buildx, provider) -> Callable[..., Build]:
    """Build an example: `example("dbt", "--target=x", changed={"path": "content"})`."""

    def build(name: str, *arguments: str, changed: dict[str, str | bytes] | None = None) -> Build:
        files = {**examples.files(name), **(changed or {})}
        dockerfile = files.pop("Dockerfile")
        text = dockerfile if isinstance(dockerfile, str) else dockerfile.decode()
        return buildx(text, files, provider, *arguments, timeout=1500)

    return build
