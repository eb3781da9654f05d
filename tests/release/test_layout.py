"""The frontend's image for all platforms: its contents, that it starts, and that its checks detect broken images."""

import contextlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from tools import arm64 as emulated_arm64
from tools import base_images, build_image, engine, image_layout
from tools.state import Unavailable

ARM64 = "linux/arm64"


@pytest.fixture
def arm64():
    """Skip the test if images for arm64 can be neither built nor executed."""
    try:
        base_images.ensure(engine.up(image_layout.ENGINE), build_image.FRONTEND_BASE)
        image_layout.base(engine.up(image_layout.ENGINE))
        with emulated_arm64.emulation():
            yield
    except Unavailable as reason:
        pytest.skip(f"nothing for arm64: {reason}")


@pytest.mark.engine
@pytest.mark.usefixtures("arm64")
def test_the_image_is_made_for_both_platforms_and_answers_builds_on_both(tmp_path: Path):
    """A build with each platform's image shows that all modules can be imported and that PYENV is known."""
    layout = image_layout.build(tmp_path / "image.tar")
    assert layout == image_layout.Layout(platforms=image_layout.PLATFORMS, started=image_layout.PLATFORMS)


def written(path: Path, machines: dict[str, int], *, interpreter: bool = True) -> Path:
    """Write an OCI layout with an image for each architecture, whose programs have the given ELF machine number."""
    blobs: dict[str, bytes] = {}

    def blob(name: str, content: object) -> dict[str, object]:
        blobs[f"blobs/sha256/{name}"] = content if isinstance(content, bytes) else json.dumps(content).encode()
        return {"digest": f"sha256:{name}"}

    manifests = []
    for arch, machine in machines.items():
        program = b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little")
        programs = {"tools/uv": program, "usr/bin/python3": program} if interpreter else {"tools/uv": program}
        layer = blob(f"layer-{arch}", packed(programs, links={"python": "/usr/bin/python3"}))
        config = blob(f"config-{arch}", {"os": "linux", "architecture": arch})
        manifests.append(blob(f"image-{arch}", {"config": config, "layers": [layer]}))
    proof = blob("proof", {"config": blob("none", {"os": "unknown", "architecture": "unknown"}), "layers": []})
    proof["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
    blobs["index.json"] = json.dumps({"manifests": [blob("index", {"manifests": [*manifests, proof]})]}).encode()
    path.write_bytes(packed(blobs))
    return path


def packed(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return stream.getvalue()


def test_platforms_are_read_from_the_layout(tmp_path: Path):
    """Indexes are followed, and attestations are left out."""
    digests = image_layout.checked(written(tmp_path / "layout.tar", {"arm64": 183, "amd64": 62}))
    assert digests == {"linux/amd64": "sha256:image-amd64", ARM64: "sha256:image-arm64"}


def test_an_image_with_programs_for_another_platform_is_refused(tmp_path: Path):
    """Such an image is the result of a base image for the wrong platform, and could not start."""
    with pytest.raises(Unavailable, match=r"the image for arm64 has programs for .*amd64"):
        image_layout.checked(written(tmp_path / "layout.tar", {"amd64": 62, "arm64": 62}))


def test_an_image_without_its_interpreter_is_refused(tmp_path: Path):
    """The link in the entry point must lead to a program."""
    with pytest.raises(Unavailable, match="the image for amd64 lacks python"):
        image_layout.checked(written(tmp_path / "layout.tar", {"amd64": 62}, interpreter=False))


class Client:
    """A fake engine that records its commands and gives a fixed answer."""

    flavour = "docker"

    def __init__(self, machines: dict[str, int], answer: str = "PYENV has no option --no-such-option") -> None:
        self.commands: list[str] = []
        self._machines = machines
        self._answer = answer

    def run(self, *words: str, **_: object) -> str:
        self.commands.append(" ".join(words))
        for word in words:
            if word.startswith("--output=type=oci"):
                written(Path(word.partition("dest=")[2].partition(",")[0]), self._machines)
        dockerfile = Path(words[-1], "Dockerfile")
        if self._answer and dockerfile.exists() and "--no-such-option" in dockerfile.read_text():
            raise Unavailable(self._answer)
        return ""


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch):
    """Provide a machine that has the fake engine, and no engine of ours."""

    def use(client: Client) -> Client:
        def up(flavour: str = "docker") -> Client:
            if flavour != "docker":
                raise Unavailable("only on Debian as root")
            return client

        monkeypatch.setattr(image_layout.engine, "up", up)
        monkeypatch.setattr(image_layout.arm64, "emulation", contextlib.nullcontext)
        return client

    return use


def test_a_builder_in_a_container_is_used_where_no_engine_of_ours_can_be(tmp_path: Path, elsewhere):
    """This is the case on GitHub's machines; the builder is created for this purpose and removed afterwards."""
    client = elsewhere(Client({"arm64": 183, "amd64": 62}))
    layout = image_layout.build(tmp_path / "image.tar")
    assert layout == image_layout.Layout(platforms=image_layout.PLATFORMS, started=image_layout.PLATFORMS)
    create, build, *answers, remove = client.commands
    assert create.startswith("buildx create --name=pyenv-frontend-dist --driver=docker-container")
    assert build.startswith("buildx build --builder=pyenv-frontend-dist --platform=linux/amd64,linux/arm64 ")
    assert [line.startswith("buildx build --builder=pyenv-frontend-dist ") for line in answers] == [True] * 4
    assert remove == "buildx rm pyenv-frontend-dist"


@pytest.mark.parametrize(
    ("answer", "message"), [("", "took a PYENV with an option"), ("exec format error", "exec format error")]
)
def test_an_image_that_does_not_answer_as_ours_is_refused(tmp_path: Path, elsewhere, answer: str, message: str):
    """The image is not the frontend, or does not start."""
    elsewhere(Client({"arm64": 183, "amd64": 62}, answer))
    with pytest.raises(Unavailable, match=message):
        image_layout.build(tmp_path / "image.tar")


def test_what_cannot_be_executed_is_reported(tmp_path: Path, elsewhere, monkeypatch: pytest.MonkeyPatch, capsys):
    """The image is still built."""
    elsewhere(Client({"arm64": 183, "amd64": 62}))
    monkeypatch.setattr(image_layout, "HERE", "amd64")

    def emulation() -> None:
        raise Unavailable("there is no qemu")

    monkeypatch.setattr(image_layout.arm64, "emulation", emulation)
    layout = image_layout.build(tmp_path / "image.tar")
    assert (layout.platforms, layout.started) == (image_layout.PLATFORMS, ("linux/amd64",))
    assert "the image for linux/arm64 is not executed: there is no qemu" in capsys.readouterr().err


def test_without_a_base_for_the_other_platform_it_is_built_for_this_one(tmp_path: Path, elsewhere, monkeypatch, capsys):
    """The reason is reported."""
    client = elsewhere(Client({"amd64": 62}))
    monkeypatch.setattr(image_layout, "HERE", "amd64")

    def base(_: object) -> None:
        raise Unavailable("no Debian for arm64")

    monkeypatch.setattr(image_layout, "base", base)
    assert image_layout.build(tmp_path / "image.tar").platforms == ("linux/amd64",)
    assert "--platform" not in client.commands[1]
    assert "so for this platform alone: no Debian for arm64" in capsys.readouterr().err
