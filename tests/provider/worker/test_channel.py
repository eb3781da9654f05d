"""The protocol, fed with what no runner sends: both ends."""

import contextlib
import json
import os
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_venv.child import frames as wire
from airflow_venv.child.stream import Feed, Sink
from airflow_venv.worker import channel as operators_end
from airflow_venv.worker.channel import Channel, ProtocolError

KINDS = ("start", "data", "buffer", "end", "log", "request", "answer", "value", "skip", "fail", "error", "exit", "?")
headers = st.dictionaries(
    st.sampled_from(("kind", "id", "request", "arguments", "number", "value")),
    st.one_of(st.sampled_from(KINDS), st.integers(), st.none(), st.lists(st.text(max_size=3), max_size=2)),
)
frames = st.tuples(headers, st.binary(max_size=50)).map(lambda pair: frame(*pair))
lengths = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)).map(lambda two: wire_prefix(*two))
noise = st.lists(st.one_of(frames, frames, st.binary(max_size=40), lengths), max_size=6).map(b"".join)


def frame(header, payload=b""):
    """Write a frame."""
    head = json.dumps(header).encode()
    return wire_prefix(len(head), len(payload)) + head + payload


def wire_prefix(head, payload):
    """Write the lengths."""
    return head.to_bytes(4, "big") + payload.to_bytes(8, "big")


def operator(received):
    """Make the operator's end of a channel whose other end has sent this and has gone."""
    ours, theirs = socket.socketpair()
    theirs.sendall(received)
    theirs.close()
    ours.settimeout(0)

    def wait(*, write, idle):  # noqa: ARG001
        raise EOFError

    return ours, Channel(ours, wait)


@given(noise)
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
def test_the_operator_takes_anything(received):
    """Frames, or an error that fails the task: nothing else, whatever comes."""
    sock, channel = operator(received)
    with sock:
        taken = 0
        with contextlib.suppress(ProtocolError, EOFError):
            while True:
                header, size = channel.head()
                assert isinstance(header["kind"], str)
                if size > operators_end.PAYLOAD_LIMIT:
                    assert header["kind"] in operators_end.UNLIMITED
                    break
                taken += len(channel.body(size))
        assert taken <= len(received)


@given(noise)
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
def test_a_value_is_read_out_of_anything(received):
    """A stream with anything in it ends as bytes or as an error."""
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
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
def test_the_child_takes_anything(received):
    """The operator is trusted, but a broken connection ends as an exception, not as a hang."""
    ours, theirs = socket.socketpair()
    theirs.sendall(received)
    theirs.close()
    child = wire.Channel(ours.detach())
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
    """Small pieces are gathered, large ones go alone; the bytes are the same."""
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
        wire_prefix((1 << 20) + 1, 0),
        frame({"kind": 3}),
        frame([]),
        wire_prefix(3, 0) + b"{{{",
        wire_prefix(100_000, 0) + b"[" * 100_000,
        wire_prefix(14, 1 << 40) + b'{"kind":"log"}',
    ],
)
def test_what_is_no_frame_is_a_protocol_error(received):
    """Sizes are checked before memory is taken, headers before they are believed."""
    sock, channel = operator(received)
    with sock, pytest.raises(ProtocolError):
        channel.head()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_the_borrowed_half_of_json_agrees_with_the_whole(value):
    """What the child writes with json's C half is what json would write; and it reads what json writes."""
    assert wire.dumps(value) == json.dumps(value, separators=(",", ":")).encode()
    assert repr(wire.loads(json.dumps(value).encode())) == repr(json.loads(json.dumps(value)))


@given(json_values)
def test_a_plain_value_survives_json_exactly(value):
    """``is_plain`` is the licence to do without a pickle."""
    if wire.is_plain(value):
        assert repr(json.loads(wire.dumps(value))) == repr(value)


class Text(str):
    """A string of another class."""

    __slots__ = ()


@pytest.mark.parametrize(
    "value", [(1,), {1: 2}, {"a": {1, 2}}, b"x", Text("x"), 1 << 64, [[Text("x")]], ["x" * 100_000], [0] * 9999]
)
def test_what_json_would_change_is_not_plain(value):
    """Tuples, keys that are no strings, subclasses, what is too large."""
    assert not wire.is_plain(value)


def test_a_value_that_contains_itself_is_not_plain():
    """It would never end."""
    value = []
    value.append(value)
    assert not wire.is_plain(value)
