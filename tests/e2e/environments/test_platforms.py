"""Environments for a platform that the engine's machine is not: its interpreter, its uv, its packages."""

import pytest

from tests.support import foreign
from tests.support.contents import Image, connect
from tests.support.state import Unavailable

ENGINE = "docker-28-containerd"
"""Its store keeps images of any platform."""

pytestmark = pytest.mark.images()


@pytest.fixture
def builder(builder_on, registry):
    """A builder whose registry has images for arm64; skips where arm64 programs cannot be executed."""
    made = builder_on(ENGINE)
    try:
        with foreign.emulation():
            foreign.push_base(made.engine, f"{registry}/base:arm64")
            foreign.push_python(made.engine, f"{registry}/python:arm64")
            foreign.push_frontend(made.engine, f"{registry}/frontend:1", made.frontend)
            yield made
    except Unavailable as reason:
        pytest.skip(f"nothing for arm64: {reason}")


def test_everything_is_for_the_platform_that_is_built(builder, registry):
    """The graft is arm64's, uv takes arm64's wheels, and the environment works there."""
    text = f"# syntax={registry}/frontend:1\nFROM {registry}/base:arm64\nPYENV 3.11 a r.txt\n"
    python = f"--build-context=python:3.11-slim-bookworm=docker-image://{registry}/python:arm64"
    build = builder(text, {"r.txt": "markupsafe==2.1.5\n"}, f"--platform={foreign.PLATFORM}", python)
    client = connect(builder.engine)
    image = Image(client, build.image)
    code = "import markupsafe._speedups as m, platform; print(platform.machine(), m.__file__)"
    done = image.run("/opt/venv/a/bin/python", "-c", code, platform=foreign.PLATFORM)
    assert done.code == 0, done.err
    folder = "/opt/venv/a/lib/python3.11/site-packages/markupsafe"
    assert done.out == f"aarch64 {folder}/_speedups.cpython-311-aarch64-linux-gnu.so\n"
    machine = image.read("/opt/pyenv/3.11/bin/python3.11")[18:20]
    assert int.from_bytes(machine, "little") == 0xB7  # EM_AARCH64
    client.close()
