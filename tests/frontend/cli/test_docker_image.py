"""Facts about an image from a fake `docker` command; tests/e2e/test_expand.py has them from a real engine."""

import io
import json
import os
import sys
import tarfile

import pytest

from pyenv_frontend.cli.docker_image import EngineError, Image
from pyenv_frontend.expansion.image_limits import ImageFileError
from tests.frontend.cli.running import called, folder

CONFIG = {"User": "astro", "Env": ["PATH=/usr/local/bin:/usr/bin", "PYTHON_VERSION=3.12.4"]}
FILES = {
    "etc/os-release": b'ID=debian\nVERSION_CODENAME="bookworm"\n',
    "etc/passwd": b"root:x:0:0::/root:/bin/sh\nastro:x:50000:0::/home/astro:/bin/sh\n",
    "usr/local/bin": ["python3.12", "python3.12-config", "pip"],
}

DOCKER = f"""#!{sys.executable}
import json, os, pathlib, sys
here = pathlib.Path(__file__).parent
with open(here / "log", "a") as log:
    print(*sys.argv[1:], file=log)
match sys.argv[1]:
    case "create" if "missing" in sys.argv[-2]:
        sys.exit("Unable to find image locally\\nError: no such image")
    case "create":
        print("c0ffee")
    case "inspect":
        print((here / "config").read_text())
    case "image" if "Layers" in sys.argv[4]:
        print(7)
    case "image":
        print(json.dumps({{"OnBuild": ["COPY packages.txt .", "RUN apt-get install", "COPY . ."]}}))
    case "cp":
        archive = here / (sys.argv[3].partition(":/")[2].replace("/", "_") + ".tar")
        if not archive.exists():
            sys.exit("no such file")
        os.write(1, archive.read_bytes())
"""


def directory(name):
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE
    return info


def archive(path, content):
    """Return the output of `docker cp` for a file or a folder."""
    name = path.rpartition("/")[2]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        if not isinstance(content, bytes):
            tar.addfile(directory(f"{name}/"))
        members = {name: content} if isinstance(content, bytes) else {f"{name}/{entry}": b"" for entry in content}
        for member, data in members.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """Put a `docker` command on PATH, and return the folder with its log."""
    place = tmp_path / "bin"
    place.mkdir()
    (place / "docker").write_text(DOCKER)
    (place / "docker").chmod(0o755)
    (place / "config").write_text(json.dumps(CONFIG))
    for path, content in FILES.items():
        (place / f"{path.replace('/', '_')}.tar").write_bytes(archive(path, content))
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    return place


def test_facts(docker):
    """Config and files are copied from a container that is created, never started, and then removed."""
    with Image("me/base", "linux/arm64") as image:
        assert (image.user, image.env) == ("astro", {"PATH": "/usr/local/bin:/usr/bin", "PYTHON_VERSION": "3.12.4"})
        assert image.read("etc/os-release") == FILES["etc/os-release"]
        assert image.read("gone") is None
        assert image.read("usr/local/bin") is None
        assert image.names("usr/local/bin", "python3.*") == ["python3.12", "python3.12-config"]
        assert image.names("gone", "*") == []
    log = (docker / "log").read_text().splitlines()
    assert log[0] == "create --quiet --platform linux/arm64 me/base /bin/true"
    assert log[-1] == "rm --force c0ffee"
    assert {line.split()[0] for line in log} == {"create", "inspect", "cp", "rm"}


def test_what_is_read_has_limits(docker, monkeypatch, tmp_path):
    """A file of a hundred megabytes and a folder of countless names are errors, and are not taken into memory."""
    big = tarfile.TarInfo("os-release")
    big.size = 100 << 20
    (docker / "etc_os-release.tar").write_bytes(big.tobuf())
    (docker / "usr_lib.tar").write_bytes(archive("usr/lib", [f"libssl{number}" for number in range(1001)]))
    with Image("me/base", None) as image:
        with pytest.raises(
            ImageFileError, match="/etc/os-release of the base image me/base has 100 MB, and no more than 8"
        ):
            image.read("etc/os-release")
        with pytest.raises(ImageFileError, match="/usr/lib of the base image me/base has 1001 names like libssl"):
            image.names("usr/lib", "libssl*")
    place = folder(tmp_path / "context", "FROM me/base\nPYENV 3.12 x\n") / "Dockerfile"
    assert "Dockerfile:1:6: /etc/os-release of" in called(monkeypatch, "expand", "-f", place).err


def test_no_such_image(docker):
    """The reason is the last line of the engine's output."""
    with pytest.raises(EngineError, match=r"^Error: no such image$"), Image("me/missing", None):
        pass
    assert "rm" not in (docker / "log").read_text()


@pytest.mark.usefixtures("docker")
def test_expand_asks(monkeypatch, tmp_path):
    """Without --base options, `expand` asks the engine; an option overrides the answer."""
    place = folder(tmp_path / "context", "FROM me/base\nPYENV 3.12 x\nPYENV 3.9 y\n") / "Dockerfile"
    out = called(monkeypatch, "expand", "-f", place).out
    assert "ENV ASTRO_PYENV_x=/home/astro/.venv/x/bin/python" in out
    assert '["/usr/local/bin/python3.12", ' in out
    assert "python:3.9-slim-bookworm" in out
    out = called(monkeypatch, "expand", "-f", place, "--base-user", "root").out
    assert "ENV ASTRO_PYENV_x=/opt/venv/x/bin/python" in out
    out = called(monkeypatch, "expand", "-f", place, "--base-account", "astro:1:1:/srv/astro").out
    assert "ENV ASTRO_PYENV_x=/srv/astro/.venv/x/bin/python" in out


@pytest.mark.usefixtures("docker")
def test_triggers_of_astro_runtime(monkeypatch, tmp_path):
    """The triggers of an Astro Runtime are looked up, and their steps put around the PYENVs."""
    text = "FROM quay.io/astronomer/astro-runtime:13.4.0\nPYENV 3.12 x\n"
    place = folder(tmp_path / "context", text, packages_dot_txt="") / "Dockerfile"
    lines = called(monkeypatch, "expand", "-f", place).out.splitlines()
    assert lines[0] == "FROM quay.io/astronomer/astro-runtime:13.4.0-base"
    assert lines.index("COPY packages.txt .") < lines.index("# PYENV 3.12 x") < lines.index("COPY . .")


@pytest.mark.usefixtures("docker")
def test_triggers_of_another_base(monkeypatch, tmp_path):
    """Triggers run with FROM, so a PYENV sees their USER and ENV; the engine runs them."""
    place = folder(tmp_path / "context", "FROM me/base\nPYENV $WANTED x\n") / "Dockerfile"
    options = ("--base-onbuild=USER root", "--base-onbuild=ENV HOME=/x WANTED=3.12", "--base-onbuild=RUN work")
    out = called(monkeypatch, "expand", "-f", place, *options).out
    assert "ENV ASTRO_PYENV_x=/opt/venv/x/bin/python" in out
    assert "USER" not in out
    assert "work" not in out
