"""A gRPC server over two pipes, like BuildKit. It uses h2's server side, so that our own code does not test itself."""

import base64
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded
from h2.settings import SettingCodes, Settings

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.channel import Channel
from pyenv_frontend.buildkit.status import Status

Answer = bytes | Status | ErrorCodes | None
"""A message, an error, the code of a call that is cut off, or None for no answer."""
FRAME = 16384


@dataclass
class FakeEngine:
    """Answers each call with `answers[method](message)`; a method in `held` is answered when another call arrives."""

    answers: dict[str, Callable[[bytes], Answer]] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    window: int = 65535
    most_calls: int = 250
    """The maximum number of concurrent calls, as in Go's server."""
    calls: list[tuple[str, bytes]] = field(default_factory=list)
    headers: list[dict[bytes, bytes]] = field(default_factory=list)
    hang_up_after: int | None = None
    mangle: Callable[[bytes], bytes] = bytes

    def connect(self) -> Channel:
        """Start the server's thread and connect a channel to it."""
        to_engine, to_client = os.pipe(), os.pipe()
        self._reader, self._writer = to_engine[0], to_client[1]
        threading.Thread(target=self._serve, daemon=True).start()
        return Channel(to_client[0], to_engine[1], service="test.Service")

    def _serve(self) -> None:
        h2 = H2Connection(H2Configuration(client_side=False))
        limits = {
            SettingCodes.INITIAL_WINDOW_SIZE: self.window,
            SettingCodes.MAX_CONCURRENT_STREAMS: self.most_calls,
        }
        h2.local_settings = Settings(client=False, initial_values=limits)
        h2.encoder.encode = partial(h2.encoder.encode, huffman=False)  # its Huffman coder takes quadratic time
        h2.initiate_connection()
        bodies: dict[int, bytearray] = {}
        methods: dict[int, str] = {}
        unanswered: list[int] = []
        outgoing: dict[int, tuple[memoryview, Status | None]] = {}
        os.write(self._writer, self.mangle(h2.data_to_send()))
        while data := os.read(self._reader, 1 << 16):
            for event in h2.receive_data(data):
                if isinstance(event, RequestReceived):
                    self.headers.append(dict(event.headers))
                    methods[event.stream_id] = dict(event.headers)[b":path"].decode().rpartition("/")[2]
                    bodies[event.stream_id] = bytearray()
                elif isinstance(event, DataReceived):
                    bodies[event.stream_id] += event.data
                    h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, StreamEnded):
                    method, body = methods[event.stream_id], bytes(bodies[event.stream_id])
                    assert body[:1] == b"\0"
                    assert int.from_bytes(body[1:5]) == len(body) - 5
                    self.calls.append((method, body[5:]))
                    if len(self.calls) == self.hang_up_after:
                        os.close(self._writer)
                        return
                    unanswered.append(event.stream_id)
            if any(methods[stream] not in self.held for stream in unanswered):
                for stream in reversed(unanswered):
                    self._begin(h2, stream, methods[stream], bytes(bodies[stream])[5:], outgoing)
                unanswered.clear()
            for stream in list(outgoing):
                self._continue(h2, stream, outgoing)
            os.write(self._writer, self.mangle(h2.data_to_send()))

    def _begin(self, h2: H2Connection, stream: int, method: str, message: bytes, outgoing: dict) -> None:
        answer = self.answers.get(method, bytes)(message)
        if answer is None:
            return
        if isinstance(answer, ErrorCodes):
            h2.reset_stream(stream, answer)
            return
        h2.send_headers(stream, [(":status", "200"), ("content-type", "application/grpc")])
        status = answer if isinstance(answer, Status) else None
        body = b"" if status else b"\0" + len(answer).to_bytes(4) + answer
        outgoing[stream] = (memoryview(body), status)

    def _continue(self, h2: H2Connection, stream: int, outgoing: dict) -> None:
        body, status = outgoing[stream]
        while body and (room := min(h2.local_flow_control_window(stream), FRAME)):
            h2.send_data(stream, body[:room].tobytes())
            body = body[room:]
        outgoing[stream] = (body, status)
        if body:
            return
        del outgoing[stream]
        trailers = [("grpc-status", str(status.code if status else 0))]
        if status:
            trailers.append(("grpc-message", "".join(f"%{b:02X}" for b in status.message.encode())))
            packed = base64.b64encode(status.to_wire().SerializeToString()).rstrip(b"=").decode()
            trailers.append(("grpc-status-details-bin", packed))
        h2.send_headers(stream, trailers, end_stream=True)


def unknown_field() -> bytes:
    """Serialize a field that none of our messages have."""
    return wire.Capability(id="kept").SerializeToString().replace(b"\x0a", b"\xfa\x07", 1)
