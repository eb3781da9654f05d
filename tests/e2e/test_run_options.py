"""Build options for RUN also apply to the install step of a PYENV."""

import json
import socketserver
import threading

import pytest

BASE = "python:3.13-slim-bookworm"

BACKEND = """\
# A build backend without dependencies; the module that it builds tells what the step could see.
import json, os, resource, socket, struct, zipfile

def agent():
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(os.environ["SSH_AUTH_SOCK"])
        client.sendall(struct.pack(">IB", 1, 11))
        with client.makefile("rb") as stream:
            answer = stream.read(int.from_bytes(stream.read(4), "big"))
    return answer.count(b"a key of the test")

def build_wheel(directory, settings=None, metadata=None):
    found = {
        "keys": agent(),
        "hosts": "127.0.0.9" in open("/etc/hosts").read(),
        "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "shm": os.statvfs("/dev/shm").f_blocks * os.statvfs("/dev/shm").f_frsize,
        "proxy": os.environ.get("ftp_proxy"),
        "secret": open("/run/secrets/s").read(),
    }
    with zipfile.ZipFile(f"{directory}/told-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("told.py", f"FOUND = {found!r}\\nprint(__import__('json').dumps(FOUND))\\n")
        wheel.writestr("told-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: told\\nVersion: 1\\n")
        wheel.writestr("told-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("told-1.dist-info/RECORD", "told.py,,\\n")
    return "told-1-py3-none-any.whl"
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
FILES = {"reqs.txt": "./told\n", "told/backend.py": BACKEND, "told/pyproject.toml": PROJECT}
EXPECTED = {
    "keys": 1, "hosts": True, "files": 234, "shm": 32 << 20, "proxy": "http://p:1", "secret": "said",
}  # fmt: skip


@pytest.fixture
def agent(tmp_path_factory):
    """Provide the socket of an SSH agent with one key."""

    class Agent(socketserver.StreamRequestHandler):
        def handle(self):
            while len(head := self.rfile.read(4)) == 4:
                self.rfile.read(int.from_bytes(head))
                blob = _text(b"ssh-ed25519") + _text(bytes(32))
                body = b"\x0c" + (1).to_bytes(4) + _text(blob) + _text(b"a key of the test")
                self.wfile.write(_text(body))
                self.wfile.flush()

    def _text(data):
        return len(data).to_bytes(4) + data

    path = str(tmp_path_factory.mktemp("a") / "s")
    with socketserver.ThreadingUnixStreamServer(path, Agent) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield path
        server.shutdown()


def test_an_install_step_has_what_a_run_has(buildx, base_images, look, agent):
    """`--ssh`, `--secret`, `--add-host`, `--ulimit`, `--shm-size` and a proxy apply to PYENV as well as to RUN."""
    base_images(BASE)
    mounts = "--mount=type=ssh --mount=type=secret,id=s"
    text = (
        f"FROM {BASE}\nPYENV {mounts} 3.13 etl reqs.txt\nRUN $ASTRO_PYENV_etl -m told > /pyenv\nCOPY told /told\n"
        f"RUN {mounts} cd /told && python3 -c \"import backend; backend.build_wheel('/')\" "
        "&& PYTHONPATH=/told-1-py3-none-any.whl python3 -m told > /run-told\n"
    )
    arguments = ("--add-host=name:127.0.0.9", "--ulimit=nofile=234:234", "--shm-size=32m", "--secret=id=s,env=SECRET")
    built = buildx(
        text, FILES, *arguments, f"--ssh=default={agent}", "--build-arg=ftp_proxy=http://p:1", env={"SECRET": "said"}
    )
    image = look(built.image)
    assert json.loads(image.read("/pyenv")) == EXPECTED
    assert json.loads(image.read("/run-told")) == EXPECTED


def test_a_secret_that_is_not_given_is_missing_in_a_pyenv_as_in_a_run(buildx, base_images):
    """The error is the engine's own, at the PYENV's line."""
    base_images(BASE)
    failure = buildx.fails(f"FROM {BASE}\nPYENV --mount=type=secret,id=nowhere,required=true 3.13 etl\n")
    assert "   3 | >>> PYENV --mount=type=secret" in failure.log
    assert "nowhere: not found" in failure.log.rpartition("ERROR: ")[2]
