"""Fixtures of the end-to-end tests: a real engine, the frontend built from this checkout, and real base images.

`PYENV_ENGINE` chooses the engine (`docker`, `docker-26`, `docker-28-containerd`). A test is skipped, with a reason in
the summary, if this machine lacks something that it needs.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tests.support import services
from tests.support.builds import Builder, remove_images
from tests.support.image_contents import Image
from tools import base_images as images
from tools import engine as engines
from tools.build_image import FRONTEND_BASE, build_frontend
from tools.engine import Engine
from tools.state import ROOT, Unavailable

_engines: dict[str, Engine] = {}
_frontends: dict[str, str] = {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests in this folder as needing an engine."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.engine)


def engine_of(flavour: str) -> Engine:
    """Return the engine of a flavour, started on demand; skip the test if it is not available."""
    try:
        if flavour not in _engines:
            _engines[flavour] = engines.up(flavour)
    except Unavailable as reason:
        pytest.skip(f"no {flavour} engine: {reason}")
    return _engines[flavour]


def need_images(engine: Engine, *names: str) -> None:
    """Make base images available on an engine; skip the test if one can neither be pulled nor built."""
    try:
        images.ensure(engine, *names)
    except Unavailable as reason:
        pytest.skip(f"no base image: {reason}")


def images_of(engine: Engine, registry: str) -> list[str]:
    """Return the names of the engine's images that were pushed to a registry or pulled from it."""
    listed = engine.run("image", "ls", "--format={{.Repository}}:{{.Tag}}", f"--filter=reference={registry}/*").split()
    return [name for name in listed if not name.endswith("<none>")]


def need_official(engine: Engine) -> str:
    """Return the name of Docker's own Dockerfile frontend as an image; skip the test if it cannot be pulled."""
    name = "docker/dockerfile:1"
    try:
        if not engine.run("image", "ls", "--quiet", name).strip():
            engine.run("pull", "--quiet", name, timeout=60)
    except Unavailable as reason:
        pytest.skip(f"{name} is not to be had: {reason}")
    return name


def frontend_on(engine: Engine) -> str:
    """Return the name of this checkout's frontend on an engine, built once per session.

    The name includes the checkout, so that two checkouts can use one engine at the same time.
    """
    if engine.flavour not in _frontends:
        name = f"pyenv-frontend:checkout-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:10]}"
        need_images(engine, FRONTEND_BASE)
        build_frontend(engine, name)
        _frontends[engine.flavour] = name
    return _frontends[engine.flavour]


@pytest.fixture(scope="session")
def engine() -> Engine:
    """Return the engine that the tests run on."""
    return engine_of(os.environ.get("PYENV_ENGINE", "docker"))


@pytest.fixture(scope="session")
def frontend(engine: Engine) -> str:
    """Return the name of the frontend's image, built from this checkout."""
    return frontend_on(engine)


@pytest.fixture(scope="session")
def base_images(engine: Engine) -> Callable[..., None]:
    """Make base images available: `base_images("python:3.8-slim-bookworm")`, with all images that a test builds on."""
    return lambda *names: need_images(engine, *names)


@pytest.fixture
def usual_images() -> tuple[str, ...]:
    """Return the base images of tests without a marker."""
    return ()


@pytest.fixture(autouse=True)
def _images(request: pytest.FixtureRequest, usual_images: tuple[str, ...]) -> None:
    """Make the images of the test's marker available: `@pytest.mark.images(...)`."""
    marker = request.node.get_closest_marker("images")
    names = marker.args if marker else usual_images
    if names:
        request.getfixturevalue("base_images")(*names)


@pytest.fixture
def buildx(engine: Engine, frontend: str, tmp_path: Path) -> Iterator[Builder]:
    """Build a Dockerfile from its text: `buildx(dockerfile, {"path": "content"}, "--target=x")`."""
    builder = Builder(engine, frontend, tmp_path)
    yield builder
    builder.remove_images()


@pytest.fixture
def builder_on(tmp_path: Path) -> Iterator[Callable[[str], Builder]]:
    """Return a builder on an engine of another flavour: `builder_on("docker-26")`."""
    builders: list[Builder] = []

    def make(flavour: str) -> Builder:
        engine = engine_of(flavour)
        builders.append(Builder(engine, frontend_on(engine), tmp_path))
        return builders[-1]

    yield make
    for builder in builders:
        builder.remove_images()


@pytest.fixture(scope="session")
def linting(engine: Engine) -> None:
    """Skip the test on an engine whose Dockerfile frontend has no linter (before Docker 27)."""
    if int(engine.version().split(".")[0]) < 27:
        pytest.skip("this engine cannot lint")


@pytest.fixture(scope="session")
def api(engine: Engine) -> Iterator[docker.DockerClient]:
    """Return the engine's API."""
    client = engines.connect(engine)
    yield client
    client.close()


@pytest.fixture
def look(api: docker.DockerClient) -> Callable[[str], Image]:
    """Inspect an image: `look(build.image).read("/etc/os-release")`."""
    return lambda name: Image(api, name)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the host and port of an image registry on 127.0.0.1 that starts empty in each session."""
    try:
        with services.registry(tmp_path_factory.mktemp("registry")) as address:
            yield address
            for engine in _engines.values():
                remove_images(engine, images_of(engine, address))
    except Unavailable as reason:
        pytest.skip(f"no image registry: {reason}")
