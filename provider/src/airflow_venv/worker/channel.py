"""The operator's end of the channel to the child: frames with limits, and no call that can block for ever.

What arrives was written by code of the user's environment, so sizes are checked before memory is allocated, and headers
before they are used. Any violation is a `ProtocolError`, which fails the one task.
"""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, Protocol

from airflow_venv.child.excerpt import excerpt
from airflow_venv.child.frames import HEADER, PREFIX, BufferFrame, BytesFrame, prefix, read_frame

if TYPE_CHECKING:
    import socket
    from collections.abc import Buffer

    from airflow_venv.child.frames import Frame

__all__ = ["ChildChannel", "ProtocolError", "Wait"]

HEADER_LIMIT = 1 << 21
PAYLOAD_LIMIT = 1 << 26
BACKLOG_LIMIT = 1 << 27
"""Bytes of frames that wait until we have sent ours, headers included."""
_FRAME_SIZE = 300
"""Bytes that an empty frame takes in memory."""
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
        self._backlog: deque[tuple[bytearray, bytearray]] = deque()
        self._backlog_size = 0

    def send(self, frame: Frame, payload: Buffer = b"") -> None:
        """Send one frame, receiving what the child sends meanwhile. Raises EOFError when the child has ended."""
        body = memoryview(payload).cast("B") if payload else memoryview(b"")
        header = json.dumps(frame.header()).encode()
        for view in (memoryview(prefix(len(header), len(body)) + header), body):
            left = view
            while left:
                count = self._send_some(left)
                left = left[count:]
                if not count and self._wait(write=True, idle=False):
                    self._queue_frame()

    def _send_some(self, view: memoryview) -> int:
        """Send what there is room for; return the number of bytes. Raises EOFError when the child has ended."""
        try:
            return self._sock.send(view)
        except BlockingIOError:
            return 0
        except (BrokenPipeError, ConnectionResetError) as error:
            raise EOFError from error

    def _queue_frame(self) -> None:
        """Receive one frame while we are sending: a child that blocks on its own sending would never read ours."""
        header, size = self._read_header()
        if size > PAYLOAD_LIMIT:
            raise ProtocolError("the process sent a value before it had read its arguments")
        self._backlog_size += len(header) + size + _FRAME_SIZE
        if self._backlog_size > BACKLOG_LIMIT:
            raise ProtocolError("the process floods the channel without reading from it")
        self._backlog.append((header, self.body(size)))  # a header takes many times its size once it is parsed

    def head(self) -> tuple[Frame, int | bytearray]:
        """Return the next frame with the length of its payload, still to be read, or with the payload itself.

        Raises:
            EOFError: the child has ended.
            ProtocolError: what arrived is not a frame.
        """
        if self._backlog:
            header, payload = self._backlog.popleft()
            self._backlog_size -= len(header) + len(payload) + _FRAME_SIZE
            return _parse(header, len(payload)), payload
        header, size = self._read_header()
        return _parse(header, size), size

    def _read_header(self) -> tuple[bytearray, int]:
        """Read a header, and the length of its payload."""
        start = bytearray(PREFIX)
        self.fill(memoryview(start), idle=True)
        size = int.from_bytes(start[:HEADER], "big")
        if size > HEADER_LIMIT:
            raise ProtocolError(f"a header of {size} bytes")
        return self.body(size), int.from_bytes(start[HEADER:], "big")

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
            count = self._receive_some(left)
            if count is None:
                self._wait(write=False, idle=idle and len(left) == len(view))
            elif count:
                left = left[count:]
            else:
                raise EOFError

    def _receive_some(self, view: memoryview) -> int | None:
        """Receive what has arrived; return the number of bytes, 0 at the end, None if nothing has."""
        try:
            return self._sock.recv_into(view)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            return 0


def _parse(header: bytearray, payload: int) -> Frame:
    """Parse a header and check the length of its payload. Raises ProtocolError."""
    try:
        frame: Frame = read_frame(json.loads(header))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"an invalid header: {excerpt(bytes(header))} ({error})") from error
    if payload > PAYLOAD_LIMIT and not isinstance(frame, STREAMED):
        raise ProtocolError(f"a payload of {payload} bytes for {frame.kind!r}")
    return frame
