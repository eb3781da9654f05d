"""The editor's side of the Debug Adapter Protocol, for sessions with a single breakpoint."""

import itertools
import json
import socket
from types import TracebackType
from typing import Any, Self

from tests.support.waiting import wait_for

__all__ = ["Editor"]


class Editor:
    """A client of debugpy, attached to a port of 127.0.0.1."""

    def __init__(self, port: int, seconds: float = 60) -> None:
        self._socket = wait_for(lambda: _connect(port), seconds)
        self._socket.settimeout(seconds)
        self._file = self._socket.makefile("rb")
        self._numbers = itertools.count(1)
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._socket.close()

    def attach(self, path: str, line: int) -> None:
        """Attach to the process with one breakpoint."""
        self.request("initialize", adapterID="python", pathFormat="path", linesStartAt1=True)
        attach = self._send("attach", {"justMyCode": True})
        self.event("initialized")
        self.request("setBreakpoints", source={"path": path}, breakpoints=[{"line": line}])
        self.request("configurationDone")
        self._answer(attach)

    def request(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send a request and return the body of the response."""
        return self._answer(self._send(command, arguments))

    def event(self, name: str) -> dict[str, Any]:
        """Wait for an event and return its body."""
        while True:
            for message in self._events:
                if message["event"] == name:
                    self._events.remove(message)
                    return dict(message.get("body", {}))
            message = self._receive()
            if message["type"] == "event":
                self._events.append(message)

    def _send(self, command: str, arguments: dict[str, Any]) -> int:
        number = next(self._numbers)
        body = json.dumps({"seq": number, "type": "request", "command": command, "arguments": arguments}).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return number

    def _answer(self, number: int) -> dict[str, Any]:
        while True:
            message = self._receive()
            if message["type"] == "event":
                self._events.append(message)
            elif message["type"] == "response" and message["request_seq"] == number:
                assert message["success"], message
                return dict(message.get("body", {}))

    def _receive(self) -> dict[str, Any]:
        length = 0
        while header := self._file.readline().strip():
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the debugger has closed the connection"
        return dict(json.loads(self._file.read(length)))


def _connect(port: int) -> socket.socket | None:
    try:
        return socket.create_connection(("127.0.0.1", port), timeout=5)
    except OSError:
        return None
