"""Both ends of the protocol, with messages that no runner sends."""

import contextlib
import json
import os
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_venv.child.frames import FRAMES
from airflow_venv.child.operator_channel import OperatorChannel
from airflow_venv.child.stream import Feed, Sink
from airflow_venv.worker import channel as operators_end
from airflow_venv.worker.channel import ChildChannel, ProtocolError

EXAMPLES = {"int": 1, "str": "text", "bool": True, "float": 0.5, "list": [], "dict": {}}
valid = st.sampled_from(list(FRAMES.values())).map(
    lambda frame: {
        "kind": frame.kind,
        **{name: EXAMPLES.get(kind) for name, kind in getattr(frame, "__annotations__", {}).items()},
    }
)
anything = st.one_of(
    st.sampled_from((*FRAMES, "?")), st.integers(), st.none(), st.lists(st.text(max_size=3), max_size=2)
)
headers = st.one_of(
    valid,
    st.tuples(valid, st.dictionaries(st.sampled_from(("kind", "id", "request", "number", "x")), anything)).map(
        lambda pair: {**pair[0], **pair[1]}
    ),
)
frames = st.tuples(headers, st.binary(max_size=50)).map(lambda pair: frame(*pair))
lengths = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)).map(lambda two: wire_prefix(*two))
noise = st.lists(st.one_of(frames, frames, st.binary(max_size=40), lengths), max_size=6).map(b"".join)


def frame(header, payload=b""):
    """Encode a frame."""
    head = json.dumps(header).encode()
    return wire_prefix(len(head), len(payload)) + head + payload


def wire_prefix(head, payload):
    """Encode the lengths."""
    return head.to_bytes(4, "big") + payload.to_bytes(8, "big")


def operator(received):
    """Return the operator's end of a channel whose other end has sent some bytes and closed."""
    ours, theirs = socket.socketpair()
    theirs.sendall(received)
    theirs.close()
    ours.settimeout(0)

    def wait(*, write, idle):  # noqa: ARG001
        raise EOFError

    return ours, ChildChannel(ours, wait)


@given(noise)
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_the_operator_reads_any_bytes(received):
    """Any input gives frames or an error that fails the task."""
    sock, channel = operator(received)
    with sock:
        taken = 0
        with contextlib.suppress(ProtocolError, EOFError):
            while True:
                received_frame, size = channel.head()
                assert received_frame.kind in FRAMES
                if size > operators_end.PAYLOAD_LIMIT:
                    assert isinstance(received_frame, operators_end.STREAMED)
                    break
                taken += len(channel.body(size))
        assert taken <= len(received)


@given(noise)
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_a_value_is_read_from_any_bytes(received):
    """A stream with any content gives bytes or an error."""
    sock, channel = operator(received)

    class Frames:
        body, fill = channel.body, channel.fill

        def next(self):
            header, size = channel.head()
            if isinstance(size, int) and size > 1 << 20:
                raise EOFError
            return header, size

    with sock, contextlib.suppress(ProtocolError, EOFError, ValueError):
        assert isinstance(Feed(Frames()).read(), bytes)


@given(noise)
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_the_child_reads_any_bytes(received):
    """The operator is trusted, but a broken connection must give an exception and not hang."""
    ours, theirs = socket.socketpair()
    theirs.sendall(received)
    theirs.close()
    child = OperatorChannel(ours.detach())
    try:
        with contextlib.suppress(OSError, ValueError, KeyError, StopIteration, TypeError, OverflowError, MemoryError):
            while True:
                header, size = child.head()
                if size > 1 << 20:
                    break
                child.body(size)
                assert header is not None
    finally:
        os.close(child.fd)


@given(st.lists(st.binary(max_size=300_000), max_size=6))
@settings(max_examples=60, deadline=None)
def test_what_is_written_to_a_stream_is_read_from_it(pieces):
    """Small pieces are combined and large ones are sent alone; the bytes are the same."""
    sent = []

    class Recorder:
        def send(self, header, payload=b""):
            sent.append((header, bytearray(payload)))

        def next(self):
            return sent.pop(0)

    recorder = Recorder()
    sink = Sink(recorder)
    for piece in pieces:
        sink.write(piece)
    sink.close()
    feed = Feed(recorder)
    whole = b"".join(pieces)
    half = feed.read(len(whole) // 2)
    rest = bytearray(len(whole) - len(half) + 5)
    count = feed.readinto(rest)
    assert half + rest[:count] == whole
    feed.finish()
    assert feed.ended
    assert sent == []


@pytest.mark.parametrize(
    "received",
    [
        wire_prefix((1 << 21) + 1, 0),
        frame({"kind": 3}),
        frame([]),
        frame({"kind": "log", "number": "1"}),
        frame({"kind": "value", "what": 1}),
        frame({"kind": "skip"}),
        wire_prefix(3, 0) + b"{{{",
        wire_prefix(100_000, 0) + b"[" * 100_000,
        wire_prefix(14, 1 << 40) + b'{"kind":"log"}',
    ],
)
def test_an_invalid_frame_is_a_protocol_error(received):
    """Sizes are checked before memory is allocated, and headers before they are used."""
    sock, channel = operator(received)
    with sock, pytest.raises(ProtocolError):
        channel.head()
