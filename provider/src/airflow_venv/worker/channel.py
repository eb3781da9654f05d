"""The operator's end of the channel to the child: frames with limits, and nothing that can block for ever.

What comes in was written by code of the user's environment. It is checked here: sizes before memory is taken, headers
before they are believed. Whatever is wrong ends as a `ProtocolError`, which fails the one task.
"""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from airflow_venv.child import frames

if TYPE_CHECKING:
    import socket
    from collections.abc import Buffer

__all__ = ["Channel", "ProtocolError", "Wait"]

HEADER_LIMIT = 1 << 20
PAYLOAD_LIMIT = 1 << 26
BACKLOG_LIMIT = 1 << 27
UNLIMITED = frozenset({"data", "buffer"})
"""Kinds whose payload is read piece by piece, or is memory that the value needs anyway."""

Header = dict[str, Any]


class ProtocolError(Exception):
    """The child sent what no runner sends, or stopped in the middle of it."""


class Wait(Protocol):
    """Blocks until the channel can go on; serves the rest of the child's life meanwhile."""

    def __call__(self, *, write: bool, idle: bool) -> bool:
        """Wait until the socket is readable or, with `write`, writable; true when it is readable.

        `idle` says that no frame is under way, so that any time may pass. Raises ProtocolError on a stall and
        EOFError when the child has ended.
        """


class Channel:
    """Reads and writes frames on a socket that never blocks by itself."""

    def __init__(self, sock: socket.socket, wait: Wait) -> None:
        self._sock = sock
        self._wait = wait
        self._backlog: deque[tuple[Header, bytearray]] = deque()
        self._backlog_size = 0

    def send(self, header: Header, payload: Buffer = b"") -> None:
        """Send one frame, taking in what the child sends meanwhile. Raises EOFError when the child has ended."""
        body = memoryview(payload).cast("B") if payload else memoryview(b"")
        head = json.dumps(header).encode()
        for view in (memoryview(frames.prefix(len(head), len(body)) + head), body):
            left = view
            while left:
                try:
                    left = left[self._sock.send(left) :]
                except BlockingIOError:  # noqa: PERF203 - a full socket is no rare thing
                    if self._wait(write=True, idle=False):
                        self._enqueue()
                except (BrokenPipeError, ConnectionResetError) as error:
                    raise EOFError from error

    def _enqueue(self) -> None:
        """Take one frame in while we are sending: a child that blocks on its own sending would never read ours."""
        header, size = self._read_head()
        if header["kind"] in UNLIMITED and size > PAYLOAD_LIMIT:
            raise ProtocolError("the process sent a value before it had read its arguments")
        self._backlog_size += size
        if self._backlog_size > BACKLOG_LIMIT:
            raise ProtocolError("the process floods the channel without reading from it")
        self._backlog.append((header, self.body(size)))

    def head(self) -> tuple[Header, int | bytearray]:
        """Return the next header with the length of its payload, still to be read, or with the payload itself.

        Raises EOFError when the child has ended and ProtocolError for what is no frame.
        """
        if self._backlog:
            header, payload = self._backlog.popleft()
            self._backlog_size -= len(payload)
            return header, payload
        return self._read_head()

    def _read_head(self) -> tuple[Header, int]:
        prefix = bytearray(frames.PREFIX)
        self.fill(memoryview(prefix), idle=True)
        size = int.from_bytes(prefix[: frames.HEADER], "big")
        payload = int.from_bytes(prefix[frames.HEADER :], "big")
        if size > HEADER_LIMIT:
            raise ProtocolError(f"a header of {size} bytes")
        text = self.body(size)
        try:
            header = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ProtocolError(f"a header that is not JSON: {bytes(text[:80])!r}") from error
        if not isinstance(header, dict) or not isinstance(header.get("kind"), str):
            raise ProtocolError(f"a header without a kind: {bytes(text[:80])!r}")
        if payload > PAYLOAD_LIMIT and header["kind"] not in UNLIMITED:
            raise ProtocolError(f"a payload of {payload} bytes for {header['kind'][:40]!r}")
        return header, payload

    def body(self, size: int) -> bytearray:
        """Read a payload into memory of its own."""
        try:
            data = bytearray(size)
        except (MemoryError, OverflowError) as error:
            raise ProtocolError(f"a payload of {size} bytes") from error
        self.fill(memoryview(data))
        return data

    def fill(self, view: memoryview, *, idle: bool = False) -> None:
        """Read exactly as many bytes as `view` holds; `idle` when they begin a frame."""
        left = view
        while left:
            try:
                count = self._sock.recv_into(left)
            except BlockingIOError:
                self._wait(write=False, idle=idle and len(left) == len(view))
                continue
            except ConnectionResetError:
                count = 0
            if not count:
                raise EOFError
            left = left[count:]
