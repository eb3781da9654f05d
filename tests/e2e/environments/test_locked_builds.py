"""Locked environments support all features of builds: caches, attestations, platforms, engines, registries."""

import base64
import json
import tarfile
import urllib.request

import pytest

from tests.e2e.conftest import need_images
from tests.e2e.environments.test_independence import PY38, PY311, PY313, PYENV, files, index, text
from tests.support.builds import installed_environments

__all__ = ["files", "index"]

pytestmark = pytest.mark.images()

MERGING = "docker-28-containerd"
"""An engine whose store supports merging."""


@pytest.fixture
def merging(builder_on):
    """Provide a builder on an engine that supports merging, without cached steps of these tests."""
    builder = builder_on(MERGING)
    need_images(builder.engine, PY311, PY313, PY38)
    return builder


@pytest.mark.parametrize("kind", ["registry-min", "registry-max", "local", "inline"])
def test_an_exported_cache_installs_nothing(merging, registry, tmp_path, files, index, kind):  # noqa: PLR0913, PLR0917 - fixtures
    """`--cache-to` and `--cache-from` work with each type and mode."""
    ref = f"{registry}/locked-{kind}:1"
    mode = kind.partition("-")[2] or "max"
    to, origin, output = {
        "registry": (f"type=registry,ref={ref},mode={mode}", f"type=registry,ref={ref}", "type=cacheonly"),
        "local": (f"type=local,dest={tmp_path}/c,mode=max", f"type=local,src={tmp_path}/c", "type=cacheonly"),
        "inline": ("type=inline", f"type=registry,ref={ref}", f"type=image,push=true,name={ref}"),
    }[kind.partition("-")[0]]
    merging(text(index), files, f"--cache-to={to}", f"--output={output}")
    merging.engine.run("buildx", "prune", "--all", "--force")
    again = merging(text(index), files, f"--cache-from={origin}")
    assert "importing cache manifest" in again.log
    assert installed_environments(again.log) == set()


def test_another_base_pushes_nothing_of_an_environment(merging, registry, files, index):
    """Only the new base, empty layers and layers that contain just folders are pushed."""
    sent = []
    for base in (PY311, PY313):
        ref = f"{registry}/rebased:{base.partition(':')[2]}"
        merging(text(index, base=base), files, f"--output=type=image,push=true,name={ref}")
        base_ref = f"{registry}/base:{base.partition(':')[2]}"
        merging(f"FROM {base}\n", {}, f"--output=type=image,push=true,name={base_ref}")
        sent.append(layers(registry, "rebased", base) - layers(registry, "base", base))
    new = sent[1] - sent[0]
    assert sum(size for _, size in sent[0]) > 1_000_000  # includes the interpreter
    assert sum(size for _, size in new) < 2_000


def layers(registry, name, base):
    """Return the digests and sizes of the layers of an image in a registry."""
    kinds = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
    address = f"http://{registry}/v2/{name}/manifests/{base.partition(':')[2]}"
    with urllib.request.urlopen(urllib.request.Request(address, headers={"Accept": kinds})) as answer:
        return {(layer["digest"], layer["size"]) for layer in json.load(answer)["layers"]}


def test_provenance_has_the_users_words(merging, files, index):
    """Each step of a PYENV has its text, and the source is the user's file."""
    build = merging(text(index), files, "--provenance=mode=max", env={"BUILDX_METADATA_PROVENANCE": "max"})
    provenance = build.metadata["buildx.build.provenance"]
    source = provenance["metadata"]["https://mobyproject.org/buildkit@v1#metadata"]["source"]
    texts = [base64.b64decode(info["data"]).decode() for info in source["infos"]]
    assert any(PYENV in text_of_source for text_of_source in texts)
    assert not any("pyenv_image" in text_of_source for text_of_source in texts)
    ops = [step["op"]["Op"] for step in provenance["buildConfig"]["llbDefinition"]]
    assert {" ".join(op["exec"]["meta"]["args"]) for op in ops if "exec" in op} == {"PYENV 3.8", PYENV.strip()}


def test_two_platforms_in_one_build(merging, tmp_path, files, index):
    """Nothing is executed on the foreign platform, whose stage only copies files."""
    first, rest = text(index, base=f"--platform=$BUILDPLATFORM {PY311}").split("\n", 1)
    to = tmp_path / "image.tar"
    both = f"{first} AS one\n{rest}FROM scratch\nCOPY --from=one /opt/venv/x /x\n"
    merging(both, files, "--platform=linux/amd64,linux/arm64", "--provenance=false", f"--output=type=oci,dest={to}")
    with tarfile.open(to) as tar:
        outer = json.load(tar.extractfile("index.json"))["manifests"][0]
        manifests = json.load(tar.extractfile(f"blobs/sha256/{outer['digest'].partition(':')[2]}"))["manifests"]
    assert {manifest["platform"]["architecture"] for manifest in manifests} == {"amd64", "arm64"}


@pytest.mark.engines
@pytest.mark.parametrize("flavour", ["docker-26", "docker-26-containerd"])
def test_older_engines(builder_on, files, index, flavour):
    """A changed instruction above the PYENV installs nothing on these engines either."""
    builder = builder_on(flavour)
    need_images(builder.engine, PY311, PY38)
    builder(text(index, "RUN echo 1\n"), files)
    assert installed_environments(builder(text(index, "RUN echo 2\n"), files).log) == set()


def test_an_index_that_is_gone(merging, files, index):
    """The error is one sentence at the PYENV, and a failed step is not cached for the next build."""
    gone = {
        **files,
        "pylock.x.toml": files["pylock.x.toml"].replace(index.removesuffix("simple/"), "http://127.0.0.1:1/"),
    }
    settings = "ENV UV_HTTP_RETRIES=0\n"
    for _ in range(2):
        log = merging.fails(text(index, settings), gone).log
        assert ">>> PYENV 3.8 x r.txt" in log
        assert "PYENV x: its requirements could not be installed; the installer's message stands above. If what" in log
        assert "If what pylock.x.toml was made from has changed, write it again: pyenv-frontend lock x" in log
    assert installed_environments(merging(text(index, settings), files).log) == {"/opt/venv/x"}
