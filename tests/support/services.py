"""Servers for tests, all of them on 127.0.0.1: a package index, an image registry, Redis and a meeting point."""

import base64
import contextlib
import functools
import hashlib
import http.server
import io
import os
import random
import socket
import socketserver
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools import debian
from tools.state import Unavailable

__all__ = [
    "authority",
    "await_answer",
    "forward_proxy",
    "free_port",
    "meeting",
    "package_index",
    "redis",
    "registry",
    "served",
    "wheel",
    "wheel_file",
    "wheels",
]


def free_port() -> int:
    """Return an unused TCP port of 127.0.0.1.

    It is below the range for outgoing connections, since a server may take half a minute to bind it.
    """
    while True:
        port = random.randint(20_000, 32_000)  # noqa: S311 - any of them will do
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wheel(name: str, version: str, files: Mapping[str, str] | None = None, requires: tuple[str, ...] = ()) -> bytes:
    """Build a pure Python wheel.

    Args:
        name: the distribution's name; without `files`, the wheel has a module of that name with a `VERSION`.
        version: the distribution's version.
        files: the contents of the wheel, by path.
        requires: the distribution's requirements.
    """
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    held = dict(files or {f"{module}.py": f"VERSION = {version!r}\n"})
    held[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
    held[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(f"{path},{_record_hash(text)},{len(text.encode())}\n" for path, text in held.items())
    held[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in held.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), text)
    return packed.getvalue()


def wheels(*distributions: tuple[str, ...]) -> dict[str, bytes]:
    """Build wheels, by file name: each of a name, a version and requirements."""
    return {
        wheel_file(name, version): wheel(name, version, requires=tuple(requires))
        for name, version, *requires in distributions
    }


def wheel_file(name: str, version: str) -> str:
    """Return the file name of a wheel that `wheel` has built."""
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


_BACKEND = """\
{before}
import os, zipfile

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    module = {module}
    with zipfile.ZipFile(os.path.join(wheel_directory, "{file}"), "w") as wheel:
        wheel.writestr("{name}.py", module)
        wheel.writestr("{info}/METADATA", "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
        wheel.writestr("{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("{info}/RECORD", "")
    return "{file}"
"""


def project_to_build(name: str, version: str, before: str = "", module: str = "''") -> dict[str, str]:
    """Return a project with a build backend of its own, in a folder with its name.

    Args:
        name: the distribution's name, and that of its module.
        version: the distribution's version.
        before: code of the backend's own.
        module: an expression whose value is the module's source, evaluated in the build.
    """
    info, file = f"{name}-{version}.dist-info", wheel_file(name, version)
    backend = _BACKEND.format(before=before, module=module, name=name, version=version, info=info, file=file)
    return {
        f"{name}/pyproject.toml": f'[project]\nname = "{name}"\nversion = "{version}"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        f"{name}/backend.py": backend,
    }


@contextlib.contextmanager
def package_index(
    wheels: Mapping[str, bytes], *, user: str = "", password: str = "", tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Serve wheels from a package index.

    Args:
        wheels: the contents of the wheels, by file name.
        user: the user whose password is required; empty if no password is required.
        password: the user's password.
        tls: the server's certificate, for HTTPS.

    Yields:
        The address of the index, without user and password. No other index has it, not even one on the same port:
        the caches of engines and installers outlive a test, and the system may use a port again.
    """
    token = base64.b64encode(f"{user}:{password}".encode()).decode() if user else ""
    prefix = uuid.uuid4().hex
    handler = functools.partial(_IndexHandler, wheels, token, prefix)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}/{prefix}/simple/"
        finally:
            server.shutdown()
            thread.join()


class _IndexHandler(http.server.BaseHTTPRequestHandler):
    """Handles `/<prefix>/simple/<project>/` and `/<prefix>/files/<wheel>`."""

    def __init__(self, wheels: Mapping[str, bytes], token: str, prefix: str, *arguments: object) -> None:
        self._wheels, self._token, self._prefix = wheels, token, prefix
        super().__init__(*arguments)

    def do_GET(self) -> None:
        if self._token and self.headers.get("Authorization") != f"Basic {self._token}":
            self._send(401, b"", {"WWW-Authenticate": 'Basic realm="tests"'})
            return
        prefix, _, path = self.path.removeprefix("/").partition("?")[0].partition("/")
        kind, _, name = path.strip("/").partition("/")
        if prefix != self._prefix:
            self._send(404, b"", {})
        elif kind == "files" and name in self._wheels:
            self._send(200, self._wheels[name], {})
        else:
            self._send_links(name.lower().replace("-", "_"))

    def _send_links(self, project: str) -> None:
        """Answer with the links to the wheels of a project."""
        wheels = [name for name in self._wheels if name.lower().startswith(f"{project}-")] if project else []
        page = "".join(f'<a href="/{self._prefix}/files/{name}">{name}</a><br>\n' for name in wheels)
        self._send(200 if wheels else 404, page.encode(), {"Content-Type": "text/html"})

    def do_HEAD(self) -> None:
        self.do_GET()

    def _send(self, code: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextlib.contextmanager
def forward_proxy(address: str) -> Iterator[tuple[str, list[str]]]:
    """Run a proxy that forwards requests for any host to one server.

    Args:
        address: the server, as `http://127.0.0.1:1234`.

    Yields:
        The address of the proxy, and the URLs that were asked for.
    """
    urls: list[str] = []

    class Forward(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            urls.append(self.path)
            path = urllib.parse.urlsplit(self.path).path
            try:
                with urllib.request.urlopen(address + path, timeout=30) as answer:
                    code, body, kind = answer.status, answer.read(), answer.headers["Content-Type"]
            except urllib.error.HTTPError as error:
                code, body, kind = error.code, b"", None
            self.send_response(code)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body))}.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forward) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", urls
        finally:
            server.shutdown()


def authority(folder: Path) -> ssl.SSLContext:
    """Make a certificate authority, `ca.pem` in a folder, and a server's certificate for 127.0.0.1.

    Raises:
        Unavailable: there is no openssl here.
    """
    (folder / "san.cnf").write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30"
    commands = [
        f"req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=tests",
        f"req {key} -keyout server.key -out server.csr -subj /CN=127.0.0.1".replace(" -days 30", ""),
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile san.cnf -out server.pem",
    ]
    for command in commands:
        try:
            subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
        except FileNotFoundError:
            raise Unavailable("there is no openssl here") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP.

    Yields:
        The server's address.
    """
    handler = functools.partial(_FolderHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


class _FolderHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files from a folder."""

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextlib.contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Run an image registry that stores its images in a folder.

    Yields:
        Its host and port; engines do not require TLS from a registry on 127.0.0.1.

    Raises:
        Unavailable: Debian's docker-registry cannot be installed or does not start.
    """
    program = debian.unpack("bookworm", "docker-registry") / "usr/bin/docker-registry"
    address = f"127.0.0.1:{free_port()}"
    config = folder / "registry.yml"
    config.write_text(
        "version: 0.1\nlog: {level: error}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}\n"
        f"http: {{addr: '{address}'}}\n"
    )
    with (folder / "registry.log").open("wb") as log:
        command = [str(program), "serve", str(config)]
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env={**os.environ})
    try:
        await_answer(f"http://{address}/v2/", process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """Run a Redis server without persistence.

    Yields:
        The server's address.

    Raises:
        Unavailable: Debian's redis-server cannot be installed or does not start.
    """
    libraries = ("libatomic1", "libjemalloc2", "liblua5.1-0", "liblzf1", "lua-bitop", "lua-cjson")
    root = debian.unpack("bookworm", "redis-server", "redis-tools", *libraries)
    port = free_port()
    command = [
        f"{root}/usr/bin/redis-server",
        "--bind",
        "127.0.0.1",
        "--port",
        str(port),
        "--save",
        "",
        "--dir",
        "/tmp",
    ]
    env = {**os.environ, "LD_LIBRARY_PATH": ":".join(str(path) for path in root.glob("usr/lib/*-linux-gnu"))}
    process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if process.poll() is not None:
                raise Unavailable(f"redis-server ended with {process.returncode}")
            time.sleep(0.1)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextlib.contextmanager
def meeting(guests: int, *, patience: float = 60) -> Iterator[str]:
    """Make callers wait until a number of different guests have called, which shows that they run at the same time.

    A guest sends its name and a line feed. It receives `together` once all guests have called, or `alone` after
    `patience` seconds; later calls get an immediate response. Yields the port as text.
    """
    here = threading.Barrier(guests)
    seen: set[bytes] = set()

    class Reception(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            name = self.rfile.readline()
            if name not in seen:
                seen.add(name)
                with contextlib.suppress(threading.BrokenBarrierError):
                    here.wait(patience)
            self.wfile.write(b"alone" if here.broken else b"together")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Reception) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield str(server.server_address[1])
        server.shutdown()


def await_answer(address: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server that is starting responds.

    Raises:
        Unavailable: the process has ended, or does not respond within ten seconds.
    """
    for _ in range(100):
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    raise Unavailable(f"{address} does not answer")


def _record_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
