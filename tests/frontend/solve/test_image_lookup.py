"""Images that no stage begins with: what the engine is asked, and the graph that loads them."""

import json

import pytest

from pyenv_frontend.buildkit import llb
from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.api import ImageFacts
from pyenv_frontend.solve.image_lookup import DelegatedLookup, Lookup, PlatformImage
from tests.frontend.solve.fake_bridge import FakeBridge

PYTHON = "docker.io/library/python:3.8"


def source_of(graph):
    """Return the op that loads an image, and the name of its step."""
    op = wire.Op.FromString(graph.ops[0])
    return op, graph.metadata[llb.digest_of(graph.ops[0])].description[llb.NAME]


@pytest.mark.parametrize(
    ("mode", "attrs"),
    [("", {}), ("default", {}), ("pull", {"image.resolvemode": "pull"}), ("local", {"image.resolvemode": "local"})],
)
def test_an_image_is_loaded_by_its_digest_as_docker_loads_it(mode, attrs):
    """With the same op, the engine loads it once for a FROM and for us."""
    bridge = FakeBridge(images=[ImageFacts(name=PYTHON, digest="sha256:1", config=b'{"config": {"Env": ["A=1"]}}')])
    image = Lookup(bridge, "python:3.8", "linux/arm/v7", mode).get()
    platform = wire.Platform(os="linux", architecture="arm", variant="v7")
    assert bridge.calls == [("image", PYTHON, platform, mode, f"[internal] load metadata for {PYTHON}")]
    op, name = source_of(image.graph)
    assert name == f"FROM {PYTHON}@sha256:1"
    assert op == wire.Op(
        source=wire.SourceOp(identifier=f"docker-image://{PYTHON}@sha256:1", attrs=attrs),
        platform=platform,
        constraints=wire.WorkerConstraints(),
    )
    assert image.config == {"Env": ["A=1"]}


@pytest.mark.parametrize(
    ("name", "digest", "loaded"),
    [
        (PYTHON, "", PYTHON),
        (f"{PYTHON}@sha256:1", "sha256:1", f"{PYTHON}@sha256:1"),
        ("other/p:1", "sha256:2", "other/p:1@sha256:2"),
    ],
)
def test_what_the_engine_answers_is_loaded(name, digest, loaded):
    """A store may have no digest, and a policy may have put another image in the place of this one."""
    bridge = FakeBridge(images=[ImageFacts(name=name, digest=digest, config=b"{}")])
    op, _ = source_of(Lookup(bridge, "python:3.8", "linux/amd64", "").get().graph)
    assert op.source.identifier == f"docker-image://{loaded}"


def test_a_lookup_of_several_platforms_names_its_platform():
    """So does Docker's frontend."""
    bridge = FakeBridge()
    Lookup(bridge, "python:3.8", "linux/arm64", "", prefix="linux/arm64 ")
    assert bridge.calls[0][4] == f"[linux/arm64 internal] load metadata for {PYTHON}"


def test_the_delegate_answers_with_a_graph_of_its_own():
    """Its step loses the number that it has in the delegate's Dockerfile."""
    graph = llb.definition(llb.source("docker-image://p", {}, "[1/1] FROM p"))
    configuration = {"rootfs": {"diff_ids": ["sha256:1"]}}
    result = wire.Result(
        ref=wire.Ref(id="x", definition=graph),
        metadata={"containerimage.config": json.dumps(configuration).encode()},
    )
    image = DelegatedLookup(FakeBridge(results=[result]).solve_frontend("", {}, {})).get()
    assert image.configuration == configuration
    assert source_of(image.graph)[1] == "FROM p"


def test_an_image_is_identified_by_its_layers():
    """Its tag, or its configuration, may be another one the next time."""
    first, second, third = (
        PlatformImage({"rootfs": {"diff_ids": layers}}, wire.Definition()).identity
        for layers in (["1", "2"], ["1", "3"], [])
    )
    assert first != second
    assert third == PlatformImage({}, wire.Definition()).identity == ""
