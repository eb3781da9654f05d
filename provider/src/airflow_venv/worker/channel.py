"""The operator's end of the channel to the child: frames with limits, and no call that can block for ever.

What arrives was written by code of the user's environment, so sizes are checked before memory is allocated, and headers
before they are used. Any violation is a `ProtocolError`, which fails the one task.
"""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, Protocol

from airflow_venv.child.frames import HEADER, PREFIX, BufferFrame, BytesFrame, prefix, read_frame

if TYPE_CHECKING:
    import socket
    from collections.abc import Buffer

    from airflow_venv.child.frames import Frame

__all__ = ["ChildChannel", "ProtocolError", "Wait"]

HEADER_LIMIT = 1 << 20
PAYLOAD_LIMIT = 1 << 26
BACKLOG_LIMIT = 1 << 27
STREAMED = (BytesFrame, BufferFrame)
"""Frames whose payload is read piece by piece, or is memory that the value needs anyway."""


class ProtocolError(Exception):
    """The child violated the protocol, or stopped in the middle of a frame."""


class Wait(Protocol):
    """Blocks until the channel can continue; serves the child's output meanwhile."""

    def __call__(self, *, write: bool, idle: bool) -> bool:
        """Wait until the socket is readable or, with `write`, writable; return True if it is readable.

        Args:
            write: wait for room to write, too.
            idle: no frame has begun, so any time may pass.

        Raises:
            ProtocolError: a frame has stalled.
            EOFError: the child has ended.
        """


class ChildChannel:
    """Reads and writes frames on a non-blocking socket."""

    def __init__(self, sock: socket.socket, wait: Wait) -> None:
        self._sock = sock
        self._wait = wait
        self._backlog: deque[tuple[Frame, bytearray]] = deque()
        self._backlog_size = 0

    def send(self, frame: Frame, payload: Buffer = b"") -> None:
        """Send one frame, receiving what the child sends meanwhile. Raises EOFError when the child has ended."""
        body = memoryview(payload).cast("B") if payload else memoryview(b"")
        header = json.dumps(frame.header()).encode()
        for view in (memoryview(prefix(len(header), len(body)) + header), body):
            left = view
            while left:
                try:
                    left = left[self._sock.send(left) :]
                except BlockingIOError:  # noqa: PERF203 - a full socket is common
                    if self._wait(write=True, idle=False):
                        self._queue_frame()
                except (BrokenPipeError, ConnectionResetError) as error:
                    raise EOFError from error

    def _queue_frame(self) -> None:
        """Receive one frame while we are sending: a child that blocks on its own sending would never read ours."""
        frame, size = self._read_head()
        if isinstance(frame, STREAMED) and size > PAYLOAD_LIMIT:
            raise ProtocolError("the process sent a value before it had read its arguments")
        self._backlog_size += size
        if self._backlog_size > BACKLOG_LIMIT:
            raise ProtocolError("the process floods the channel without reading from it")
        self._backlog.append((frame, self.body(size)))

    def head(self) -> tuple[Frame, int | bytearray]:
        """Return the next frame with the length of its payload, still to be read, or with the payload itself.

        Raises:
            EOFError: the child has ended.
            ProtocolError: what arrived is not a frame.
        """
        if self._backlog:
            frame, payload = self._backlog.popleft()
            self._backlog_size -= len(payload)
            return frame, payload
        return self._read_head()

    def _read_head(self) -> tuple[Frame, int]:
        start = bytearray(PREFIX)
        self.fill(memoryview(start), idle=True)
        size = int.from_bytes(start[:HEADER], "big")
        payload = int.from_bytes(start[HEADER:], "big")
        if size > HEADER_LIMIT:
            raise ProtocolError(f"a header of {size} bytes")
        text = self.body(size)
        try:
            frame: Frame = read_frame(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise ProtocolError(f"an invalid header: {bytes(text[:80])!r} ({str(error)[:200]})") from error
        if payload > PAYLOAD_LIMIT and not isinstance(frame, STREAMED):
            raise ProtocolError(f"a payload of {payload} bytes for {frame.kind!r}")
        return frame, payload

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
