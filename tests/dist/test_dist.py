"""What `make dist` makes and checks, and that its checks find what they are for."""

import contextlib
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support import dist
from tests.support.state import ROOT, Unavailable


def test_the_distributions_pass_their_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Wheels and sdists are built, checked by twine, and installed into an empty environment."""
    monkeypatch.setattr(dist, "DIST", tmp_path)
    made = dist.distributions()
    assert sorted(path.name.split("-")[0] for path in made) == ["airflow_provider_venv"] * 2 + ["pyenv_frontend"] * 2
    with zipfile.ZipFile(next(tmp_path.glob("pyenv_frontend*.whl"))) as wheel:
        assert {"pyenv_image/graft.py", "pyenv_frontend/language/grammar.lark"} <= set(wheel.namelist())
    with zipfile.ZipFile(next(tmp_path.glob("airflow_provider_venv*.whl"))) as wheel:
        points = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
        assert b"[apache_airflow_provider]" in wheel.read(points)


def test_every_half_has_the_licence():
    """A distribution cannot reach above its own folder, so each has a copy."""
    text = (ROOT / "LICENSE").read_bytes()
    assert [(ROOT / half / "LICENSE").read_bytes() == text for half in dist.HALVES] == [True, True]


def test_a_broken_distribution_is_found(tmp_path: Path):
    """A program that does not start after the installation fails the check, with its own words."""
    wheel = tmp_path / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("thing.py", "")
        archive.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        archive.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("thing-1.0.dist-info/RECORD", "")
    with pytest.raises(Unavailable, match="No module named 'another'"):
        dist._check_installed(wheel, ("python -c 'import thing, another'",))


def layout(path: Path, machines: dict[str, int]) -> Path:
    """Write an OCI layout with an image for each architecture, whose uv is for the processor of that number."""
    blobs: dict[str, bytes] = {}

    def blob(name: str, content: object) -> dict[str, object]:
        blobs[f"blobs/sha256/{name}"] = content if isinstance(content, bytes) else json.dumps(content).encode()
        return {"digest": f"sha256:{name}"}

    images = []
    for arch, machine in machines.items():
        program = b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little")
        layer = blob(f"layer-{arch}", packed({"tools/uv": program}))
        config = blob(f"config-{arch}", {"os": "linux", "architecture": arch})
        images.append(blob(f"image-{arch}", {"config": config, "layers": [layer]}))
    proof = blob("proof", {"config": blob("none", {"os": "unknown", "architecture": "unknown"}), "layers": []})
    proof["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
    blobs["index.json"] = json.dumps({"manifests": [blob("index", {"manifests": [*images, proof]})]}).encode()
    path.write_bytes(packed(blobs))
    return path


def packed(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def test_platforms_are_read_from_the_layout(tmp_path: Path):
    """Through indexes, without the attestations beside the images."""
    found = dist._platforms(layout(tmp_path / "layout.tar", {"arm64": 183, "amd64": 62}))
    assert found == ["linux/amd64", "linux/arm64"]


def test_an_image_with_programs_for_another_platform_is_refused(tmp_path: Path):
    """A base image that is at hand for one platform alone makes an image that could not start."""
    with pytest.raises(Unavailable, match="the image for arm64 has programs for"):
        dist._platforms(layout(tmp_path / "layout.tar", {"amd64": 62, "arm64": 62}))


class Client:
    """In place of an engine with the classic store: keeps what it was asked."""

    def __init__(self, machines: dict[str, int]) -> None:
        self.asked: list[str] = []
        self._machines = machines

    def run(self, *words: str, **_: object) -> str:
        self.asked.append(" ".join(words))
        for word in words:
            if word.startswith("--output="):
                layout(Path(word.partition("dest=")[2].partition(",")[0]), self._machines)
        return ""


def test_a_builder_in_a_container_is_used_where_no_engine_of_ours_can_be(tmp_path: Path, monkeypatch):
    """As on GitHub's machines; it is made for this, and removed afterwards."""
    client = Client({"arm64": 183, "amd64": 62})

    def up(flavour: str = "docker") -> Client:
        if flavour != "docker":
            raise Unavailable("only on Debian as root")
        return client

    monkeypatch.setattr(dist, "DIST", tmp_path)
    monkeypatch.setattr(dist.engine, "up", up)
    monkeypatch.setattr(dist.foreign, "emulation", lambda: contextlib.nullcontext())
    assert dist.image()[1] == ["linux/amd64", "linux/arm64"]
    create, build, remove = client.asked
    assert create.startswith("buildx create --name=pyenv-frontend-dist --driver=docker-container")
    assert build.startswith("buildx build --builder=pyenv-frontend-dist --platform=linux/amd64,linux/arm64 ")
    assert remove == "buildx rm pyenv-frontend-dist"
