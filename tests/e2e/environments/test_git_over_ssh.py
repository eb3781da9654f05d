"""Requirements from a private git repository over ssh, with the keys of the client's agent."""

import os
import shutil
import subprocess

import pytest

from tests.e2e.environments.test_install import PY311, installed
from tests.support import services
from tests.support.waiting import wait_for
from tools.state import run

SERVER = (
    "RUN apt-get update && apt-get install -y --no-install-recommends git openssh-client openssh-server\n"
    "COPY user.pub /root/.ssh/authorized_keys\nCOPY own /srv/own\n"
    "RUN mkdir -p /run/sshd && cd /srv/own && git init -q -b main && git add . "
    "&& git -c user.name=a -c user.email=a@example.com commit -q -m one\n"
)


@pytest.fixture
def agent(tmp_path):
    """Return the socket of an agent with a new key, whose public part is beside it."""
    if shutil.which("ssh-agent") is None:
        pytest.skip("no ssh-agent")
    socket, key = tmp_path / "agent", tmp_path / "user"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL) as process:
        wait_for(socket.exists)
        run(["ssh-add", "-q", key], env={**os.environ, "SSH_AUTH_SOCK": str(socket)})
        yield socket
        process.terminate()


@pytest.mark.images(PY311)
def test_a_private_repository_over_ssh(buildx, build_image, api, tmp_path, agent):
    """Both installers use the agent's key, also as another user than root; no key and no password is in the image."""
    files = services.project_to_build("own", "1.0") | {"user.pub": (tmp_path / "user.pub").read_text()}
    server = buildx(f"FROM {PY311}\n{SERVER}", files).image
    port = services.free_port()
    command = ["/usr/sbin/sshd", "-D", "-p", str(port), "-o", "ListenAddress=127.0.0.1"]
    container = api.containers.run(server, command, network_mode="host", detach=True)
    try:
        host_key = container.exec_run(["cat", "/etc/ssh/ssh_host_ed25519_key.pub"]).output.decode().split()[:2]
        requirement = f"own @ git+ssh://root@127.0.0.1:{port}/srv/own\n"
        image = build_image(
            f"FROM {PY311}\n"
            "RUN apt-get update && apt-get install -y --no-install-recommends git openssh-client\n"
            "COPY known /etc/ssh/ssh_known_hosts\nRUN useradd -m app\nPYENV --mount=type=ssh 3.11 a r.txt\n"
            "PYENV --installer=pip --mount=type=ssh 3.11 b r.txt\nUSER app\nPYENV --mount=type=ssh 3.11 c r.txt\n",
            {"r.txt": requirement, "known": f"[127.0.0.1]:{port} {' '.join(host_key)}\n"},
            f"--ssh=default={agent}",
        )
        assert [installed(image, name)["own"] for name in "abc"] == ["1.0", "1.0", "1.0"]
    finally:
        container.remove(force=True)
