"""A simulated reader, who types the commands of the pages and of the examples' READMEs."""

import shutil
from collections.abc import Callable, Generator, Iterator

import pytest

from tests.support.builds import Builder
from tests.support.pages import Walkthrough
from tools.engine import Engine
from tools.state import ROOT

FAILED = pytest.StashKey[bool]()
AIRFLOW = "apache/airflow:3.3.2-python3.12"
REGISTRY = "registry.example.com"


@pytest.fixture
def walk_on(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Walkthrough]]:
    """Start a page on an engine, by its path in the repository; at the end all its commands must have been typed."""
    begun: list[Walkthrough] = []

    def begin(page: str, engine: Engine, frontend: str) -> Walkthrough:
        begun.append(Walkthrough(ROOT / page, engine, frontend, tmp_path_factory.mktemp("walk")))
        if page.startswith("examples/"):
            begun[-1].folder = (begun[-1].checkout / page).parent
        return begun[-1]

    yield begin
    for walkthrough in begun:
        walkthrough.remove_images()
    assert request.node.stash.get(FAILED, False) or [block for console in begun for block in console.left()] == []


@pytest.fixture
def walk(walk_on: Callable[..., Walkthrough], engine: Engine, frontend: str) -> Callable[[str], Walkthrough]:
    """Start a page: `walk("docs/tutorial.md")`."""
    return lambda page: walk_on(page, engine, frontend)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record that a test has failed, since it then leaves commands out."""
    report = yield
    if call.when == "call" and report.failed:
        item.stash[FAILED] = True
    return report


def publish_frontend(page: Walkthrough, builder: Builder, registry: str) -> None:
    """Push this checkout's frontend to the registry, and replace the registry's name in the example's Dockerfile.

    The Dockerfile is also copied to the folder above the checkout.
    """
    name = f"{registry}/tools/pyenv-frontend:0.2"
    builder.engine.run("tag", builder.frontend, name)
    builder.engine.run("push", "--quiet", name)
    for path in page.folder.iterdir():
        if path.is_file():
            path.write_text(path.read_text().replace(REGISTRY, registry))
    shutil.copy(page.folder / "Dockerfile", page.checkout.parent)
