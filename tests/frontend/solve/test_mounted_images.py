"""The images that a step mounts, with their platforms and names."""

import json

import pytest

from pyenv_frontend.buildkit import llb
from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.api import ImageFacts, RefId
from pyenv_frontend.buildkit.status import CallError, Status
from pyenv_frontend.dockerfile import parse
from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion.interpreter_choice import Graft
from pyenv_frontend.solve import mounted_images
from pyenv_frontend.solve.build_options import parse as parse_options
from pyenv_frontend.solve.ignore_files import IgnoreFiles
from pyenv_frontend.solve.mounted_images import MountedImages
from pyenv_frontend.solve.session import BuildSession
from pyenv_frontend.solve.source import UserFile
from pyenv_frontend.stages.analyze import read
from tests.frontend.solve.fake_bridge import FakeBridge

DOCKERFILE = b"FROM base\nPYENV 3.8 a\nFROM --platform=linux/amd64 base\nPYENV 3.8 b\n"
GRAFT = Graft(image="python:3.8", reason="that fits", series="3.8", prefix="/opt/pyenv/3.8", link=None)
OWN = llb.definition(llb.source("docker-image://own", {}, "own"))


def image(*layers):
    config = {"rootfs": {"diff_ids": layers}} if layers else {}
    return ImageFacts(name="docker.io/library/python:3.8", digest="sha256:1", config=json.dumps(config).encode())


@pytest.fixture
def images(monkeypatch):
    """Provide the images of a build for arm64 on an amd64 machine, with the engine's answers."""

    def make(*answers, text=DOCKERFILE, platform=""):
        monkeypatch.setattr(mounted_images, "own_image", lambda: OWN)
        bridge = FakeBridge(images=list(answers))
        workers = '[{"platforms": [{"os": "linux", "architecture": "amd64"}]}]'
        raw = {"BUILDKIT_FRONTEND_OPT_0": "platform=linux/arm64", "BUILDKIT_FRONTEND_OPT_1": "source=me"}
        options = parse_options({**raw, "BUILDKIT_WORKERS": workers})
        definition = llb.definition(llb.source("local://dockerfile", {}, "load"))
        file = UserFile(name="Dockerfile", text=text, definition=definition, ref=RefId("r"), context=wire.Definition())
        document = parse(text)
        session = BuildSession(bridge, options, file, document, {}, IgnoreFiles(bridge, options, file, {}))
        return bridge, MountedImages(session, read(document), platform), read(document).stages

    return make


def lookup_platforms(bridge):
    """Return the platforms for which images were looked up."""
    return [f"{call[2].os}/{call[2].architecture}" for call in bridge.calls if call[0] == "image"]


def test_an_image_is_looked_up_for_the_platform_of_its_stage(images):
    """A stage may be for the machine that builds while the build is for another platform."""
    bridge, mounted, stages = images(image(), image())
    pyenvs = [stage.environments[0].pyenv for stage in stages]
    names = [mounted.interpreter(GRAFT, *pair) for pair in zip(stages, pyenvs, strict=True)]
    assert lookup_platforms(bridge) == ["linux/arm64", "linux/amd64"]
    assert names == ["pyenv-image-python-3.8", "pyenv-image-python-3.8-on-linux-amd64"]
    assert set(mounted.contexts()) == set(names)


def test_an_image_is_looked_up_once(images):
    """Two PYENVs of one version share it."""
    bridge, mounted, stages = images(image())
    pyenv = stages[0].environments[0].pyenv
    assert mounted.interpreter(GRAFT, stages[0], pyenv) == mounted.interpreter(GRAFT, stages[0], pyenv)
    assert lookup_platforms(bridge) == ["linux/arm64"]


def test_an_image_is_identified_by_its_layers(images):
    """A tag of the engine's own store may be another image the next time."""
    identities = []
    for layers in (("sha256:1", "sha256:2"), ("sha256:1", "sha256:3"), ("sha256:1", "sha256:2"), ()):
        _, mounted, stages = images(image(*layers))
        mounted.interpreter(GRAFT, stages[0], stages[0].environments[0].pyenv)
        mounted.contexts()
        identities.append(mounted.identities)
    first, second, third, unknown = identities
    assert first == third != second
    assert first.keys() == second.keys() == {llb.output_of(mounted.contexts()["pyenv-image-python-3.8"]).digest}
    assert unknown == {}


def test_our_own_image_is_at_hand_for_the_machine_that_builds(images):
    """For another platform, it is looked up by the client's name for it."""
    bridge, mounted, stages = images(image())
    assert mounted.tools(stages[1]) == "pyenv-frontend-tools"
    assert lookup_platforms(bridge) == []
    assert mounted.tools(stages[0]) == "pyenv-image-me"
    assert lookup_platforms(bridge) == ["linux/arm64"]
    assert mounted.contexts()["pyenv-frontend-tools"] == OWN


def test_platforms_of_one_build_are_distinguished(images):
    """The delegate finds a context by its name and platform."""
    _, mounted, stages = images(image(), platform="linux/arm64")
    mounted.interpreter(GRAFT, stages[0], stages[0].environments[0].pyenv)
    assert set(mounted.contexts()) == {"pyenv-image-python-3.8::linux/arm64"}


def test_a_stage_is_no_image(images):
    """`--from` and `--uv` may name a stage of the file."""
    bridge, mounted, stages = images(text=b"FROM base AS mine\nFROM base\nPYENV --from=mine --uv=mine 3.8 a\n")
    pyenv = stages[1].environments[0].pyenv
    stage = Graft(image="mine", reason="", series="3.8", prefix="/p", link=None)
    assert mounted.interpreter(stage, stages[1], pyenv) == "mine"
    assert mounted.uv("mine", stages[1], pyenv) == "mine"
    assert bridge.calls == []


def test_an_image_that_is_not_available_is_an_error_of_the_pyenv(images):
    """The error has the reason for this image, and all solutions."""
    _, mounted, stages = images(Status("not found"))
    mounted.interpreter(GRAFT, stages[0], stages[0].environments[0].pyenv)
    with pytest.raises(UserError) as caught:
        mounted.contexts()
    assert caught.value.headline == "Dockerfile:2:7: python:3.8, that fits, is not available: not found"
    for way in ("--from=IMAGE", "--build-context python:3.8=docker-image://IMAGE", "--build-arg PYENV_PYTHON_IMAGE="):
        assert way in caught.value.hint


def test_a_uv_that_is_not_available_is_an_error_of_its_option(images):
    """The error has the image that was looked up for the stage's platform."""
    bridge, mounted, stages = images(Status("not found"), text=b"FROM base\nPYENV --uv=0.5.0 3.8 a\n")
    mounted.uv("ghcr.io/astral-sh/uv:0.5.0", stages[0], stages[0].environments[0].pyenv)
    assert lookup_platforms(bridge) == ["linux/arm64"]
    with pytest.raises(UserError) as caught:
        mounted.contexts()
    expected = "Dockerfile:2:7: ghcr.io/astral-sh/uv:0.5.0, which has the uv of --uv=0.5.0, is not available: not found"
    assert caught.value.headline == expected


def test_our_own_image_that_is_not_available_is_the_engines_error(images):
    """No change of the file could solve it."""
    _, mounted, stages = images(Status("not found"))
    mounted.tools(stages[0])
    with pytest.raises(CallError):
        mounted.contexts()
