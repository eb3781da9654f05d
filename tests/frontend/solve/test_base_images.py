"""Who is asked for a base image, and the names of the steps that load it."""

import json

import pytest

from pyenv_frontend.buildkit import llb
from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.api import ImageFacts
from pyenv_frontend.dockerfile import parse
from pyenv_frontend.solve.base_images import BaseImages
from pyenv_frontend.solve.ignore_files import IgnoreFiles
from pyenv_frontend.solve.session import BuildSession
from pyenv_frontend.together import finish
from tests.frontend.solve.builds import options, user_file
from tests.frontend.solve.fake_bridge import FakeBridge

BASE = "docker.io/library/base:1"
DOCKERFILE = b"FROM base:1\nRUN true\nPYENV 3.11 a\n"
RELEASE = {"etc/os-release": b"ID=debian\nVERSION_CODENAME=bookworm\n"}
CONFIG = json.dumps({"config": {"User": "airflow", "Env": ["A=1"]}}).encode()


def delegated(*platforms):
    """Return the delegate's answer: an image, or one for each platform."""
    graph = llb.definition(llb.source(f"docker-image://{BASE}", {}, f"[1/1] FROM {BASE}"))
    if not platforms:
        return wire.Result(ref=wire.Ref(id="x", definition=graph), metadata={"containerimage.config": CONFIG})
    result = wire.Result(metadata={f"containerimage.config/{platform}": CONFIG for platform in platforms})
    for platform in platforms:
        result.refs.refs[platform].definition.CopyFrom(graph)
    return result


@pytest.fixture
def images():
    """Return a function that looks at the base image of a build."""

    def make(result=None, text=DOCKERFILE, config=CONFIG, **raw):
        facts = ImageFacts(name=BASE, digest="sha256:1", config=config)
        systems = {f"docker-image://{BASE}@sha256:1": RELEASE, f"docker-image://{BASE}": RELEASE}
        bridge = FakeBridge(systems, images=[facts], results=[result])
        file, chosen = user_file(text), options(**raw)
        session = BuildSession(bridge, chosen, file, parse(text), {}, IgnoreFiles(bridge, chosen, file, {}))
        return bridge, BaseImages(session, session.outline), session.outline

    return make


def platform_of(bridge):
    """Return the platform for which the engine was asked for an image."""
    (call,) = (call for call in bridge.calls if call[0] == "image")
    return call[2]


def recipients(bridge):
    """Return who was asked for images: the engine or the delegate."""
    return [call[0] for call in bridge.calls if call[0] in {"image", "frontend"}]


def test_the_engine_looks_up_the_image_of_a_build_for_one_platform(images):
    """That is a tenth of the work of a nested build."""
    bridge, bases, outline = images(platform="linux/arm64")
    (base,) = finish(bases.facts(outline))[""].values()
    assert (base.env, base.architecture) == ({"A": "1"}, "arm64")
    assert recipients(bridge) == ["image"]
    assert platform_of(bridge) == wire.Platform(os="linux", architecture="arm64")
    assert ("solve", f"docker-image://{BASE}@sha256:1", {}) in bridge.calls


@pytest.mark.parametrize(
    ("raw", "platforms"),
    [
        ({"context:base:1": "docker-image://other"}, [""]),
        ({"platform": "linux/amd64,linux/arm64"}, ["linux/amd64", "linux/arm64"]),
        ({"platform": "linux/amd64", "multi-platform": "true"}, ["linux/amd64"]),
        ({"platform": "arm64"}, [""]),
    ],
)
def test_the_delegate_tells_what_only_it_can_tell(images, raw, platforms):
    """What replaces an image, the results of several platforms, and platforms that are not written out."""
    bridge, bases, outline = images(delegated(*filter(None, platforms)), **raw)
    facts = finish(bases.facts(outline))
    assert sorted(facts) == platforms
    assert [base.env for of_platform in facts.values() for base in of_platform.values()] == [{"A": "1"}] * len(facts)
    assert recipients(bridge) == ["frontend"]


def test_triggers_are_fired_by_the_delegate(images):
    """They may set variables and the user."""
    triggered = json.dumps({"config": {"Env": ["A=1"], "OnBuild": ["ENV A=2"]}}).encode()
    bridge, bases, outline = images(delegated(), config=triggered)
    (base,) = finish(bases.facts(outline))[""].values()
    assert recipients(bridge) == ["image", "frontend"]
    assert base.env == {"A": "1"}  # as the delegate answers here


def test_a_stage_for_another_platform_has_its_image(images):
    """`FROM --platform` counts, and not the platform of the build."""
    bridge, _, _ = images(text=b"FROM --platform=linux/s390x base:1\nPYENV 3.11 a\n", platform="linux/arm64")
    assert platform_of(bridge).architecture == "s390x"


def test_the_step_that_loads_an_image_has_its_name_in_the_whole_build(images):
    """The engine keeps the first name that it gets for a step."""
    bridge, bases, outline = images()
    solved = []
    solve = bridge.solve
    bridge.solve = lambda definition: solved.append(definition) or solve(definition)
    finish(bases.facts(outline))
    (name,) = (metadata.description[llb.NAME] for metadata in solved[0].metadata.values() if metadata.description)
    assert name == f"[1/3] FROM {BASE}@sha256:1"
