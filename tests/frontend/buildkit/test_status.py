"""Statuses are parsed from trailers and encoded for the wire."""

import pytest

from pyenv_frontend.buildkit.status import RESOURCE_EXHAUSTED, UNKNOWN, Detail, Status


def test_a_success_is_no_status():
    """Code 0 gives no status."""
    assert Status.from_trailers({b"grpc-status": b"0"}) is None


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        (b"plain", "plain"),
        (b"a%20b%25", "a b%"),
        (b"%E2%82%AC", "€"),
        (b"broken % and %zz and %4", "broken % and %zz and %4"),
        (b"%FF", "\ufffd"),
    ],
)
def test_messages_are_percent_decoded_and_never_fail(encoded, text):
    """Invalid escapes are kept, since gRPC requires lenient parsing."""
    assert Status.from_trailers({b"grpc-status": b"5", b"grpc-message": encoded}) == Status(text, 5)


@pytest.mark.parametrize("trailers", [{}, {b"grpc-status": b""}, {b"grpc-status": b"x", b"grpc-message": b"why"}])
def test_an_answer_without_a_status_is_a_failure(trailers):
    """A call that ends without a status has not succeeded."""
    status = Status.from_trailers(trailers)
    assert status is not None
    assert status.code == UNKNOWN
    assert "without a status" in status.message


@pytest.mark.parametrize("packed", [b"!!!", b"A", b"/////w"])
def test_details_that_cannot_be_read_do_not_hide_the_message(packed):
    """The message is kept even if its details are invalid."""
    status = Status.from_trailers({b"grpc-status": b"2", b"grpc-message": b"m", b"grpc-status-details-bin": packed})
    assert status == Status("m")


def test_the_wire_form_holds_everything():
    """Code, message and details reach the engine unchanged."""
    sent = Status("m", 12, (Detail("t", b"v"),)).to_wire()
    assert (sent.code, sent.message, [(d.type_url, d.value) for d in sent.details]) == (12, "m", [("t", b"v")])


def test_a_full_disk_is_no_message_that_is_too_large():
    """Both have the same code, and only one of them has to do with the Dockerfile."""
    assert Status("grpc: trying to send message larger than max (1 vs. 0)", RESOURCE_EXHAUSTED).is_too_large
    assert not Status("mkdir /var/lib/x: no space left on device", RESOURCE_EXHAUSTED).is_too_large
    assert not Status("larger than max").is_too_large
