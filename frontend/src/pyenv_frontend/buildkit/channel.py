"""One HTTP/2 connection over two file descriptors, and gRPC's unary calls on it.

BuildKit starts a frontend with one end of a pipe on fd 0 and one on fd 1; the engine is the HTTP/2 server, prior
knowledge, no TLS. The library h2 implements HTTP/2. This module adds the five bytes before each message, the headers
that a gRPC server expects, and the limits.

There are no threads. `start` sends a request and returns a `Call`; as many may be in flight as the engine admits, and
waiting for the `result` of one reads for all of them. See docs/explanation/grpc-choice.md for the measurements behind
this module.
"""

from __future__ import annotations

import os

import h2.frame_buffer
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from pyenv_frontend.buildkit.status import INTERNAL, RESOURCE_EXHAUSTED, CallError, Status

__all__ = ["Call", "Channel", "ChannelClosedError", "take_stdio"]

MAX_MESSAGE = 16 << 20
"""The largest message that the engine's gRPC server accepts and sends, in bytes (containerd's default)."""

MAX_HEADERS = 16 << 20
"""An error's details travel in one header, which holds the whole Dockerfile once for each location, in base64 twice."""

_READ_SIZE = 1 << 18

# The engine cuts a header block into frames of 16 KiB, and h2 gives up after 64 of them.
h2.frame_buffer.CONTINUATION_BACKLOG = MAX_HEADERS >> 14


class ChannelClosedError(Exception):
    """The engine closed the connection or broke the protocol: no more calls are possible."""


class _Connection(H2Connection):
    DEFAULT_MAX_HEADER_LIST_SIZE = MAX_HEADERS


class Call:
    """A request that has been sent."""

    __slots__ = ("_body", "_channel", "_headers", "_reset", "done", "method")

    def __init__(self, channel: Channel, method: str) -> None:
        self.method = method
        self._channel = channel
        self._headers: dict[bytes, bytes] = {}
        self._body = bytearray()
        self._reset: int | None = None
        self.done = False
        """Whether the answer has arrived."""

    def result(self) -> bytes:
        """Wait for the answer and return its serialised message.

        Raises:
            CallError: the engine answered with an error, or reset the stream because it could not send an error.
            ChannelClosedError: no answer can arrive.
        """
        while not self.done:
            self._channel.pump()
        if self._reset is not None and b"grpc-status" not in self._headers:
            if self._reset == ErrorCodes.CANCEL:
                raise ChannelClosedError(f"the engine cut the call {self.method} off")
            raise CallError(self.method, Status(f"the engine cut the call {self.method} off", INTERNAL))
        status = Status.from_trailers(self._headers)
        if status is not None:
            raise CallError(self.method, status)
        size = int.from_bytes(self._body[1:5])
        if len(self._body) != 5 + size or self._body[0]:
            raise ChannelClosedError(f"the engine's answer to {self.method} is not one plain gRPC message")
        return bytes(self._body[5:])

    def _take(self, event: object) -> None:
        if isinstance(event, ResponseReceived | TrailersReceived):
            self._headers.update(event.headers)
        elif isinstance(event, DataReceived):
            self._body += event.data
        elif isinstance(event, StreamReset):
            self._reset = int(event.error_code or 0)
            self.done = True
        elif isinstance(event, StreamEnded):
            self.done = True


class Channel:
    """The connection, which only one thread may use."""

    def __init__(self, reader: int, writer: int, *, service: str) -> None:
        """Speak HTTP/2 over two open file descriptors, which the channel does not close.

        Args:
            reader: the file descriptor to read from.
            writer: the file descriptor to write to.
            service: the gRPC service's full name, `package.Service`.
        """
        self._reader = reader
        self._writer = writer
        self._prefix = f"/{service}/"
        self._calls: dict[int, Call] = {}
        self._h2 = _Connection(H2Configuration(client_side=True, validate_inbound_headers=False))
        limits = {
            SettingCodes.ENABLE_PUSH: 0,
            SettingCodes.INITIAL_WINDOW_SIZE: MAX_MESSAGE,
            SettingCodes.MAX_HEADER_LIST_SIZE: MAX_HEADERS,
        }
        self._h2.local_settings = Settings(client=True, initial_values=limits)
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(2 * MAX_MESSAGE)
        # Nothing is flushed here: preface and first request leave in one write.

    def start(self, method: str, message: bytes) -> Call:
        """Send a request and return as soon as the engine admits it. The answer is the `result` of the returned call.

        Raises:
            CallError: the request is larger than the engine takes.
            ChannelClosedError: the connection is gone.
        """
        if len(message) > MAX_MESSAGE:
            too_large = f"a request ({method}) would be larger than max ({len(message)} vs. {MAX_MESSAGE})"
            raise CallError(method, Status(too_large, RESOURCE_EXHAUSTED))
        self._wait_for_a_stream()
        stream = self._h2.get_next_available_stream_id()
        call = self._calls[stream] = Call(self, method)
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", self._prefix + method),
            (":authority", "localhost"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ]
        self._h2.send_headers(stream, headers)
        self._send(stream, b"\0" + len(message).to_bytes(4) + message)
        return call

    def pump(self) -> None:
        """Read once, and pass the events to their calls.

        Raises:
            ChannelClosedError: the engine closed the connection or broke the protocol.
        """
        data = os.read(self._reader, _READ_SIZE)
        if not data:
            raise ChannelClosedError("the engine closed the connection")
        try:
            events = self._h2.receive_data(data)
        except ProtocolError as error:
            raise ChannelClosedError(f"the engine's HTTP/2 cannot be read: {error}") from error
        for event in events:
            self._dispatch(event)
        self._flush()

    def _wait_for_a_stream(self) -> None:
        """Wait until the engine admits one more call: it limits those in flight (250, the default of Go's server)."""
        while self._h2.open_outbound_streams >= self._h2.remote_settings.max_concurrent_streams:
            self._flush()
            self.pump()

    def _dispatch(self, event: object) -> None:
        if isinstance(event, ConnectionTerminated):
            raise ChannelClosedError(f"the engine ended the connection (HTTP/2 error {event.error_code})")
        if isinstance(event, DataReceived) and event.flow_controlled_length:
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        stream = getattr(event, "stream_id", None) or 0  # stream 0 is the connection itself: no call has it
        call = self._calls.get(stream)
        if call is None:
            return
        call._take(event)  # noqa: SLF001  # the two classes are one unit
        if call.done:
            del self._calls[stream]

    def _send(self, stream: int, data: bytes) -> None:
        """Write the body of a request, and wait for the engine's window when it is full.

        An answer that arrives before the whole request is sent (an error) ends the writing.
        """
        call = self._calls[stream]
        rest = memoryview(data)
        while rest and not call.done:
            room = min(self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size)
            if room > 0:  # negative if the engine has reduced its window
                chunk, rest = rest[:room], rest[room:]
                self._h2.send_data(stream, chunk.tobytes(), end_stream=not rest)
            else:
                self._flush()
                self.pump()
        self._flush()

    def _flush(self) -> None:
        view = memoryview(self._h2.data_to_send())
        try:
            while view:
                view = view[os.write(self._writer, view) :]
        except BrokenPipeError as error:
            raise ChannelClosedError("the engine closed the connection") from error


def take_stdio() -> tuple[int, int]:
    """Take fds 0 and 1 for the connection and redirect them; return the fds to use (reader, writer).

    Later output goes to stderr, which is the engine's log: a stray line on the pipe would break the protocol.
    """
    reader, writer = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return reader, writer
