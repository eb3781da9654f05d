"""Sizes of wheels that the index does not list."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pyenv_frontend.lock.sizes import add_sizes


class _Server(BaseHTTPRequestHandler):
    """Serves files whose names are their sizes; `/none` has no length, and `/odd` gets an invalid response."""

    def do_HEAD(self):
        if self.path == "/odd":
            self.wfile.write(b"what\r\n\r\n")
            return
        self.send_response(200)
        if self.path != "/none":
            self.send_header("Content-Length", self.path[1:])
        self.end_headers()

    def log_message(self, *_):
        """Log nothing."""


@pytest.fixture
def server(monkeypatch):
    """Provide the address of a server."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with HTTPServer(("127.0.0.1", 0), _Server) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def sizes(urls, known, hashes=None):
    """Return the sizes that are found for wheels."""
    wheels = [
        {"url": url, "hashes": {"sha256": hash_} if hash_ else {}}
        for url, hash_ in zip(urls, hashes or urls, strict=True)
    ]
    add_sizes([{"wheels": wheels}], known, {})
    return [wheel.get("size") for wheel in wheels]


def test_wheels_without_a_hash_are_distinguished(server):
    """They may have different sizes, for example on different platforms."""
    known = {}
    assert sizes([f"{server}/7"], known, [""]) == [7]
    assert sizes([f"{server}/8"], known, [""]) == [8]


def test_a_wheel_has_no_size_if_the_server_sends_none(server):
    """Whatever the response is, locking does not fail."""
    assert sizes([f"{server}/none", f"{server}/0", f"{server}/odd", f"{server}/9"], {}) == [None, None, None, 9]
