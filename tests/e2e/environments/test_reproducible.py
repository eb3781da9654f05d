"""Identical layers from repeated builds, with SOURCE_DATE_EPOCH and pinned requirements."""

import io
import json
import tarfile

import pytest

from tests.e2e.conftest import engine_of, need_images
from tests.support.builds import Builder

PY38 = "python:3.8-slim-bookworm"
PY311 = "python:3.11-slim-bookworm"

ENGINES = ("docker-28-containerd", "docker-26-containerd")
"""The exporter that rewrites times requires the containerd store."""

pytestmark = pytest.mark.images()

TEXT = f"FROM {PY311}\nPYENV 3.8 a r.txt\nPYENV 3.11 b r.txt\n"
FILES = {
    "r.txt": "six==1.16.0\nidna==3.6\nrequests==2.31.0\nurllib3==2.0.7\n"
    "certifi==2023.11.17\ncharset-normalizer==3.3.2\n"
}


def layers(buildx, tmp_path, name):
    """Return the digests of the layers of a build without cache, with rewritten times, from an OCI archive.

    The layers are uncompressed, since engines of different releases compress them differently.
    """
    target = tmp_path / f"{name}.tar"
    output = f"--output=type=oci,rewrite-timestamp=true,compression=uncompressed,dest={target}"
    buildx(TEXT, FILES, "--no-cache", output, env={"SOURCE_DATE_EPOCH": "1700000000"})
    with tarfile.open(fileobj=io.BytesIO(target.read_bytes())) as tar:
        index = json.load(tar.extractfile("index.json"))
        manifest = json.load(tar.extractfile("blobs/" + index["manifests"][0]["digest"].replace(":", "/")))
        while "layers" not in manifest:
            manifest = json.load(tar.extractfile("blobs/" + manifest["manifests"][0]["digest"].replace(":", "/")))
        return [layer["digest"] for layer in manifest["layers"]]


@pytest.fixture
def builder(builder_on):
    """Return a builder on one of our engines with the containerd store."""
    builder = builder_on(ENGINES[0])
    need_images(builder.engine, PY38, PY311)
    return builder


@pytest.fixture
def other(builder, tmp_path):
    """Return a builder on an engine of another release, with the same base images and frontend."""
    other = Builder(engine_of(ENGINES[1]), builder.frontend, tmp_path)
    packed = tmp_path / "images.tar"
    builder.engine.run("save", "--output", str(packed), PY38, PY311, builder.frontend, timeout=300)
    other.engine.run("load", "--input", str(packed), timeout=300)
    yield other
    other.remove_images()


def test_a_second_build_makes_the_same_layers(builder, tmp_path):
    """Interpreters and environments have the same contents, modes and times, although nothing is cached."""
    assert layers(builder, tmp_path, "one") == layers(builder, tmp_path, "two")


@pytest.mark.engines
def test_two_engines_make_the_same_layers(builder, other, tmp_path):
    """Engines of two releases produce the same layers."""
    assert layers(builder, tmp_path, "one") == layers(other, tmp_path, "two")
