"""Calls over two pipes: framing, concurrency, flow control, limits, errors, and an engine that disconnects."""

import os
import subprocess
import sys

import pytest
from h2.errors import ErrorCodes

from pyenv_frontend.buildkit.channel import MAX_MESSAGE, Channel, ChannelClosedError
from pyenv_frontend.buildkit.status import INTERNAL, CallError, Detail, Status
from tests.frontend.buildkit.fake_engine import FakeEngine

pytestmark = pytest.mark.timeout(30)


def test_a_call_carries_its_message_and_brings_the_answer_back():
    """The server receives the method and the message, and the caller receives the answer."""
    engine = FakeEngine({"Ping": lambda message: message[::-1]})
    assert engine.connect().start("Ping", b"abc").result() == b"cba"
    assert engine.calls == [("Ping", b"abc")]


def test_a_request_has_the_headers_that_a_grpc_server_asks_for():
    """A gRPC server refuses a call without `te: trailers` and the content type."""
    engine = FakeEngine()
    engine.connect().start("Ping", b"").result()
    headers = engine.headers[0]
    assert headers[b":path"] == b"/test.Service/Ping"
    assert headers[b"te"] == b"trailers"
    assert headers[b"content-type"] == b"application/grpc"


def test_calls_in_flight_are_answered_in_any_order():
    """A slow call does not delay a later one, and each gets its own answer."""
    engine = FakeEngine({"Slow": lambda _: b"slow", "Fast": lambda _: b"fast"}, held={"Slow"})
    channel = engine.connect()
    slow, fast = channel.start("Slow", b""), channel.start("Fast", b"")
    assert (slow.result(), fast.result()) == (b"slow", b"fast")


def test_more_calls_than_the_engine_admits_at_once_wait_for_their_turn():
    """A build requests all its files at the same time, which may exceed the limit for concurrent calls."""
    engine = FakeEngine({"Read": lambda message: message}, most_calls=3)
    channel = engine.connect()
    channel.start("Ping", b"").result()
    messages = [bytes([number]) for number in range(20)]
    calls = [channel.start("Read", message) for message in messages]
    assert [call.result() for call in calls] == messages


def test_a_result_can_be_read_twice():
    """The answer is stored with the call."""
    call = FakeEngine({"Ping": lambda _: b"pong"}).connect().start("Ping", b"")
    assert call.result() == call.result() == b"pong"


@pytest.mark.parametrize("window", [65535, 1 << 24])
def test_a_message_near_the_limit_passes_in_both_directions(window):
    """16 MiB can be sent in both directions, whatever the engine's window."""
    message = os.urandom(1 << 16) * ((MAX_MESSAGE >> 16) - 1)
    engine = FakeEngine({"Solve": lambda message: message}, window=window)
    channel = engine.connect()
    assert channel.start("Solve", message).result() == message
    assert channel.start("Solve", b"again").result() == b"again"


def test_a_message_over_the_limit_is_not_sent():
    """The engine's own error would only have a number; ours has the call, and the channel stays usable."""
    engine = FakeEngine({"Ping": lambda message: message})
    channel = engine.connect()
    with pytest.raises(CallError, match=r"a request \(Solve\) would be larger than max \(16777217 vs"):
        channel.start("Solve", bytes(MAX_MESSAGE + 1))
    assert channel.start("Ping", b"x").result() == b"x"
    assert engine.calls == [("Ping", b"x")]


@pytest.mark.parametrize("size", [0, 100, 70_000, 3_000_000])
def test_an_error_has_details_of_any_size(size):
    """Details are sent in a header, and a large Dockerfile exceeds the default limits of HTTP/2 libraries."""
    details = (Detail("github.com/moby/buildkit/errdefs.Source+json", b"x" * size), Detail("other", b"\xff"))
    status = Status("it went wröng: 100 %", 2, details)
    call = FakeEngine({"Solve": lambda _: status}).connect().start("Solve", b"")
    with pytest.raises(CallError) as caught:
        call.result()
    assert caught.value.status == status
    assert caught.value.method == "Solve"


def test_the_connection_goes_on_after_an_error():
    """Other calls are not affected."""
    channel = FakeEngine({"Bad": lambda _: Status("no"), "Good": lambda _: b"yes"}).connect()
    with pytest.raises(CallError):
        channel.start("Bad", b"").result()
    assert channel.start("Good", b"").result() == b"yes"


def test_an_engine_that_hangs_up_ends_the_call():
    """The call fails instead of waiting for an answer."""
    call = FakeEngine(hang_up_after=1).connect().start("Ping", b"")
    with pytest.raises(ChannelClosedError, match="closed the connection"):
        call.result()


def test_a_call_that_is_cut_off():
    """An engine that cannot send its answer ends this call alone; one that cancels a build takes no more."""
    codes = {"Solve": lambda _: ErrorCodes.INTERNAL_ERROR, "Read": lambda _: ErrorCodes.CANCEL}
    channel = FakeEngine(codes).connect()
    with pytest.raises(CallError, match="the engine cut the call Solve off") as caught:
        channel.start("Solve", b"").result()
    assert caught.value.status.code == INTERNAL
    assert channel.start("Ping", b"abc").result() == b"abc"
    with pytest.raises(ChannelClosedError, match="the engine cut the call Read off"):
        channel.start("Read", b"").result()


def test_an_engine_without_http2_ends_the_call():
    """Bytes that are not HTTP/2 give an error that says that they cannot be read."""
    data_on_stream_0 = bytes(9)
    call = FakeEngine(mangle=lambda _: data_on_stream_0).connect().start("Ping", b"")
    with pytest.raises(ChannelClosedError, match="cannot be read"):
        call.result()


def test_writing_to_an_engine_that_is_gone_is_an_error_of_the_channel():
    """The reading end is closed before the first write."""
    (read_end, write_end), (other_read, _) = os.pipe(), os.pipe()
    os.close(read_end)
    with pytest.raises(ChannelClosedError, match="closed the connection"):
        Channel(other_read, write_end, service="s").start("Ping", b"")


def test_taking_stdio_keeps_prints_off_the_pipe():
    """After `take_stdio`, printed output appears on stderr and the channel's data on stdout."""
    code = (
        "import os; from pyenv_frontend.buildkit.channel import take_stdio; r, w = take_stdio();"
        "print('stray', flush=True); os.write(w, b'<' + os.read(r, 5) + b'>'); assert os.read(0, 1) == b''"
    )
    done = subprocess.run([sys.executable, "-c", code], input=b"bytes", capture_output=True, check=True)
    assert done.stdout == b"<bytes>"
    assert done.stderr == b"stray\n"
