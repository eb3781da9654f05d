"""Environments for a platform other than the engine's: their interpreter, uv and packages."""

import pytest

from tests.e2e.conftest import need_images
from tests.support.image_contents import Image
from tools import arm64
from tools.engine import connect
from tools.state import Unavailable

ENGINE = "docker-28-containerd"
"""An engine whose store keeps images for any platform."""

BASE, GRAFTED = "python:3.13-slim-bookworm", "python:3.12-slim-bookworm"
"""Images for the machine's own platform."""

MACHINES = {"aarch64": 0xB7, "x86_64": 0x3E}
"""The codes of the processors in ELF files."""

pytestmark = pytest.mark.images()


@pytest.fixture
def builder(builder_on, registry):
    """Provide a builder whose registry has images for arm64; skip the test if arm64 programs cannot be executed."""
    builder = builder_on(ENGINE)
    need_images(builder.engine, BASE, GRAFTED)
    try:
        with arm64.emulation():
            arm64.push_base(builder.engine, f"{registry}/base:arm64")
            arm64.push_python(builder.engine, f"{registry}/python:arm64")
            arm64.push_frontend(builder.engine, f"{registry}/frontend:1", builder.frontend)
            yield builder
    except Unavailable as reason:
        pytest.skip(f"nothing for arm64: {reason}")


def test_each_stage_is_for_its_own_platform(builder, registry):
    """One stage is for the engine's platform and one for another; each has its own programs and wheels."""
    text = (
        f"# syntax={registry}/frontend:1\n"
        f"FROM --platform=$BUILDPLATFORM {BASE} AS native\nPYENV 3.12 n r.txt\n"
        f"FROM {registry}/base:arm64\nPYENV 3.11 a r.txt\nCOPY --from=native /opt /native\n"
    )
    python = f"--build-context=python:3.11-slim-bookworm=docker-image://{registry}/python:arm64"
    files, env = {"r.txt": "markupsafe==2.1.5\n"}, {"BUILDX_METADATA_PROVENANCE": "max"}
    build = builder(text, files, f"--platform={arm64.PLATFORM}", python, env=env)
    assert mounted(build) == {("PYENV 3.12 n r.txt", "amd64", "amd64"), ("PYENV 3.11 a r.txt", "arm64", "arm64")}
    client = connect(builder.engine)
    image = Image(client, build.image)
    code = "import markupsafe._speedups as m, platform; print(platform.machine(), m.__file__)"
    done = image.run("/opt/venv/a/bin/python", "-c", code, platform=arm64.PLATFORM)
    assert done.code == 0, done.err
    packages = "venv/{}/lib/python3.{}/site-packages/markupsafe/_speedups.cpython-3{}-{}-linux-gnu.so"
    assert done.out == f"aarch64 /opt/{packages.format('a', 11, 11, 'aarch64')}\n"
    for path, machine in (
        ("/opt/pyenv/3.11/bin/python3.11", "aarch64"),
        ("/native/pyenv/3.12/bin/python3.12", "x86_64"),
        (f"/native/{packages.format('n', 12, 12, 'x86_64')}", "x86_64"),
    ):
        assert int.from_bytes(image.read(path)[18:20], "little") == MACHINES[machine]
    client.close()


def mounted(build):
    """Return each install step's platform, with the platform of the image that its tools are mounted from."""
    steps = build.metadata["buildx.build.provenance"]["buildConfig"]["llbDefinition"]
    platforms = {step["id"]: step["op"].get("platform", {}).get("Architecture") for step in steps}
    steps_and_tools = set()
    for step in steps:
        run = step["op"]["Op"].get("exec")
        (tools,) = [mount for mount in run["mounts"] if mount["dest"] == "/run/pyenv"] if run else [None]
        words = run["meta"]["args"] if tools else []
        if len(words) > 2:
            steps_and_tools.add(
                (" ".join(words), platforms[step["id"]], platforms[step["inputs"][tools["input"]].partition(":")[0]])
            )
    return steps_and_tools
