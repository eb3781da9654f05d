"""A real API server of an Airflow release, and a client that logs in as one of its users."""

import contextlib
import http.client
import json
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from tests.airflow import components
from tests.support.services import free_port

PASSWORD = "a password of the test"  # noqa: S105 - it is one
ROLES = {"admin": "admin", "viewer": "viewer", "nobody": ""}
"""Users of the simple auth manager; `nobody` can log in but has no rights."""


@dataclass(frozen=True)
class Answer:
    """A response of the server."""

    status: int
    headers: dict[str, str]
    """Keyed by header name in lower case."""
    text: str


@dataclass
class Client:
    """An HTTP client for one user of a server; it does not follow redirects."""

    address: str
    cookie: str = ""

    def get(self, path, *, accept="text/html", headers=None):
        """Request a path below the server's root."""
        return self.send("GET", path, headers={"Accept": accept, **(headers or {})})

    def send(self, method, path, *, body=None, headers=None):
        """Send one request."""
        parts = urlsplit(self.address)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        cookie = {"Cookie": f"_token={self.cookie}"} if self.cookie else {}
        connection.request(method, path, body=body, headers={**cookie, **(headers or {})})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)


@dataclass
class Server:
    """A running API server."""

    address: str
    """The base URL, including the path that Airflow is served under, without a trailing slash."""
    log: str
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def path(self):
        """The path that Airflow is served under: empty, or for example `/team`."""
        return urlsplit(self.address).path

    def client(self, user=None):
        """Return a client that is logged in as a user, or an anonymous client if no user is given."""
        client = Client(self.address)
        if user:
            client.cookie = self.cookies.get(user) or self._token(client, user)
            self.cookies[user] = client.cookie
        return client

    def _token(self, client, user):
        body = json.dumps({"username": user, "password": PASSWORD})
        answer = client.send("POST", f"{self.path}/auth/token", body=body, headers={"Content-Type": "application/json"})
        assert answer.status == 201, answer
        return json.loads(answer.text)["access_token"]


@contextlib.contextmanager
def serving(airflow, *, path="", **variables):
    """Run an API server of the release."""
    port = free_port()
    address = f"http://127.0.0.1:{port}{path}"
    passwords = airflow.home / "passwords.json"
    passwords.write_text(json.dumps(dict.fromkeys(ROLES, PASSWORD)))
    log = airflow.home / "api-server.log"
    process = components.start(
        airflow.release,
        ["api-server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
        home=airflow.home,
        variables={
            **airflow.variables,
            "AIRFLOW__API__BASE_URL": address,
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in ROLES.items()),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            **variables,
        },
        log=log,
    )
    try:
        server = Server(address, str(log))
        _wait_for(server, process, log)
        yield server
    finally:
        components.stop(process)


def _wait_for(server, process, log, seconds=180):
    """Wait until the server responds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if server.client().get(f"{server.path}/api/v2/version", accept="application/json").status == 200:
                return
        if process.poll() is not None:
            break
        time.sleep(0.5)
    pytest.fail(f"the API server does not answer:\n{log.read_text()[-8000:]}")
