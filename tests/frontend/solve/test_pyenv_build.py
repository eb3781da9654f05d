"""A build with PYENV, with an engine that counts the rounds of requests."""

import subprocess
import sys

import pytest

from pyenv_frontend.buildkit import llb
from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.solve import mounted_images, pyenv_build
from pyenv_frontend.solve.ignore_files import IgnoreFiles
from tests.frontend.solve.builds import LOCAL, options, user_file
from tests.frontend.solve.fake_bridge import FakeBridge

RELEASE = b"VERSION_CODENAME=bookworm\nID=debian\n"


def delegate(request, _dockerfile):
    """Answer as Docker's frontend: with the warnings of a file, or the result of a build."""
    if "requestid" in request:
        return wire.Result(metadata={"result.json": b"{}"})
    return wire.Result(ref=wire.Ref(id="built"))


@pytest.fixture
def rounds(monkeypatch):
    """Return a function that builds environments in stages and counts the rounds."""

    def build(stages, environments):
        monkeypatch.setattr(mounted_images, "own_image", lambda: llb.definition(llb.source("docker-image://o", {}, "")))
        lines, context = ["# check=skip=all\n"], {}  # warnings are sent one after the other
        for stage in range(stages):
            lines.append(f"FROM base{stage} AS s{stage}\n")
            for number in range(environments):
                name = f"e{stage}_{number}"
                lines.append(f"PYENV 3.{9 + number % 5} {name} {name}.txt\n")
                context |= {
                    f"{name}.txt": b"-r sub/more.txt\n",
                    f"pylock.{name}.toml": b"",
                    "sub/more.txt": b"six==1\n",
                }
        lines += ["FROM base0\n", *(f"COPY --from=s{stage} / /{stage}\n" for stage in range(stages))]
        release = {"etc/os-release": RELEASE}
        bases = {f"docker-image://docker.io/library/base{stage}:latest": release for stage in range(stages)}
        bridge = FakeBridge({LOCAL: context, **bases}, answer=delegate)
        file = user_file("".join(lines).encode())
        result = pyenv_build.build(bridge, options(), file, {}, IgnoreFiles(bridge, options(), file, {}))
        assert result.ref.id == "built"
        expanded = [call for call in bridge.calls if call[0] == "frontend"][-1]
        assert len(expanded[-1]) == 2 + min(environments, 5)
        return bridge.rounds

    return build


def test_a_build_waits_as_often_for_many_environments_as_for_one(rounds):
    """Images, their files, files of the context and interpreters are each requested at the same time."""
    assert rounds(1, 1) == rounds(1, 12) == rounds(5, 4)
    assert rounds(1, 1) <= 14


def test_a_build_imports_no_module_that_loads_slowly():
    """Each build imports everything anew, so the modules that it shares with the steps and the commands stay light."""
    code = (
        "import sys; from pyenv_frontend.solve import expand_build, finalize, pyenv_build, serve; "
        "print(*sys.modules.keys() & "
        "{'argparse', 'configparser', 'pathlib', 'shutil', 'subprocess', 'tempfile', 'tomllib', 'urllib.parse'})"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == []
