"""The same layers again, with SOURCE_DATE_EPOCH and pinned requirements."""

import io
import json
import tarfile

import pytest

from tests.e2e.conftest import need_images

PY38 = "python:3.8-slim-bookworm"
PY311 = "python:3.11-slim-bookworm"

STORE = "docker-28-containerd"
"""The exporter that rewrites times comes with the containerd store."""

pytestmark = pytest.mark.images()

TEXT = f"FROM {PY311}\nPYENV 3.8 a r.txt\nPYENV 3.11 b r.txt\n"
FILES = {
    "r.txt": "six==1.16.0\nidna==3.6\nrequests==2.31.0\nurllib3==2.0.7\n"
    "certifi==2023.11.17\ncharset-normalizer==3.3.2\n"
}


def layers(buildx, tmp_path, name):
    """The digests of the layers of a build without cache, times rewritten, as an OCI archive has them."""
    target = tmp_path / f"{name}.tar"
    output = f"--output=type=oci,rewrite-timestamp=true,dest={target}"
    buildx(TEXT, FILES, "--no-cache", output, env={"SOURCE_DATE_EPOCH": "1700000000"})
    with tarfile.open(fileobj=io.BytesIO(target.read_bytes())) as tar:
        index = json.load(tar.extractfile("index.json"))
        manifest = json.load(tar.extractfile("blobs/" + index["manifests"][0]["digest"].replace(":", "/")))
        while "layers" not in manifest:
            manifest = json.load(tar.extractfile("blobs/" + manifest["manifests"][0]["digest"].replace(":", "/")))
        return [layer["digest"] for layer in manifest["layers"]]


def test_two_builds_without_cache_make_the_same_layers(builder_on, tmp_path):
    """Grafts and environments have the same bytes, modes and times."""
    buildx = builder_on(STORE)
    need_images(buildx.engine, PY38, PY311)
    assert layers(buildx, tmp_path, "one") == layers(buildx, tmp_path, "two")
