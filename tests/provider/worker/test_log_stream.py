"""Merging printed output and log records in their original order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_venv.child.frames import LogFrame
from airflow_venv.worker.log_stream import LINE_LIMIT, OutputStream


class RecordingLog:
    """A log that collects its lines and records."""

    def __init__(self):
        self.got = []

    def line(self, text):
        self.got.append(text)

    def record(self, frame, text):
        self.got.append((frame.number, text))


def mark(number):
    """Return the mark for a record."""
    return b"\0tok:%d\0" % number


def record(number):
    """Return the frame of a record."""
    return LogFrame(number=number, name="", level=20, path="", line=1, function="", created=0.0)


def stream_and_log():
    """Return an output stream and its log."""
    log = RecordingLog()
    return OutputStream(log, "tok"), log


@given(st.lists(st.one_of(st.binary(max_size=8), st.integers(0, 3).map(mark), st.just(b"\n"))), st.data())
def test_however_the_pipe_is_cut_the_same_is_logged(parts, data):
    """The result does not depend on how the output is split, even within a line or a mark."""
    stream = b"".join(parts)

    def log_of(pieces):
        output, log = stream_and_log()
        for number in range(4):
            output.record(record(number), f"record {number}")
        for piece in pieces:
            output.feed(piece)
            output.release()
        output.finish()
        return log.got

    pieces = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        pieces.append(stream[:size])
        stream = stream[size:]
    assert log_of(pieces) == log_of([b"".join(parts)])


def test_a_record_is_logged_where_its_mark_stands():
    """The mark or the record may be read first."""
    output, log = stream_and_log()
    output.record(record(1), "early")
    output.feed(b"before\n" + mark(1) + b"after\n" + mark(2) + b"last\n")
    assert log.got == ["before", (1, "early"), "after"]
    assert output.held
    output.record(record(2), "late")
    assert log.got == ["before", (1, "early"), "after", (2, "late"), "last"]
    assert not output.held


def test_a_mark_in_the_middle_of_a_line_does_not_cut_it():
    """A record is logged between the start and the end of a printed line."""
    output, log = stream_and_log()
    output.record(record(1), "record")
    output.feed(b"begun " + mark(1) + b"and ended\n")
    assert log.got == [(1, "record"), "begun and ended"]


def test_text_that_resembles_a_mark_is_kept():
    """No printed text is lost."""
    output, log = stream_and_log()
    output.feed(b"\0tok:12x\0\n\0tok:" + b"9" * 30 + b"\n\0to\n")
    output.finish()
    assert log.got == ["\0tok:12x\0", "\0tok:" + "9" * 30, "\0to"]


def test_records_without_marks_are_logged_in_the_end():
    """The process may end between the record and its mark."""
    output, log = stream_and_log()
    output.record(record(2), "two")
    output.record(record(1), "one")
    output.feed(b"rest")
    output.finish()
    assert log.got == ["rest", (1, "one"), (2, "two")]


def test_records_do_not_pile_up():
    """If thousands of records wait for their marks, further ones are logged at once."""
    output, log = stream_and_log()
    for number in range(5000):
        output.record(record(number), "")
    assert len(log.got) == 5000 - (1 << 12)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_lines_end_is_known(end):
    """Progress bars end their lines with carriage returns."""
    output, log = stream_and_log()
    output.feed(b"one" + end + b"two" + end + b"\n")
    output.finish()
    assert log.got[:2] == ["one", "two"]


@given(st.integers(0, 3), st.integers(-2, 2))
def test_no_piece_is_longer_than_the_limit(times, more):
    """A long line is logged in pieces that add up to the line."""
    size = max(0, times * LINE_LIMIT + more)
    output, log = stream_and_log()
    output.feed(b"x" * size)
    output.finish()
    assert sum(map(len, log.got)) == size
    assert max(map(len, log.got), default=0) <= LINE_LIMIT


SECRET = "p@ss w0rd"  # noqa: S105


class Hides:
    """Masks a secret, as Airflow's masker does."""

    def __init__(self, secret):
        self.secret = secret

    def redact(self, text):
        return text.replace(self.secret, "***")

    def longest_secret(self):
        return len(self.secret.encode())


@given(st.integers(LINE_LIMIT - 40, LINE_LIMIT + 40), st.integers(0, 70_000), st.sampled_from(["x", "é", "\u20ac"]))
@settings(max_examples=30, deadline=None)
def test_a_secret_is_not_halved_where_a_long_line_is_cut(before, after, filler):
    """Only whole secrets are masked; characters are not split either."""
    log = RecordingLog()
    output = OutputStream(log, "tok", Hides(SECRET))
    line = filler * (before // len(filler.encode())) + SECRET + filler * after
    output.feed(line.encode())
    output.finish()
    assert [text for text in log.got if SECRET in text]
    assert "".join(log.got) == line


@given(
    st.sampled_from([9_000, 30_000, 70_000, 200_000]),
    st.integers(0, 150_000),
    st.integers(0, 300_000),
    st.integers(1, 3),
    st.sampled_from([b"", b"\n"]),
    st.sampled_from(["s", "é"]),
)
@settings(max_examples=40, deadline=None)
def test_a_secret_is_not_halved_however_long_it_is(size, before, after, times, end, letter):  # noqa: PLR0913, PLR0917
    """A key file is longer than a password, and may be longer than the limit for a line."""
    masker = Hides("<" + letter * (size // len(letter.encode())) + ">")
    log = RecordingLog()
    output = OutputStream(log, "tok", masker)
    line = ("." * before + masker.secret) * times + "." * after
    data = line.encode() + end
    for start in range(0, len(data), 50_000):
        output.feed(data[start : start + 50_000])
    output.feed(b"next\n")
    output.finish()
    logged = [masker.redact(text) for text in log.got]
    assert not any(letter in text for text in (logged if end else logged[:-1]))
    assert sum(text.count(".") for text in logged) == before * times + after
    if end:
        assert log.got[-1] == "next"


class HidesLines:
    """Masks texts that only consist of one letter, so that there is no place to cut."""

    def redact(self, text):
        return "***" if set(text) == {"s"} else text

    def longest_secret(self):
        return 200_000


def test_a_line_without_a_place_to_cut_is_hidden_to_its_end():
    """The next line is logged."""
    log = RecordingLog()
    output = OutputStream(log, "tok", HidesLines())
    for _ in range(9):
        output.feed(b"s" * 100_000)
    output.feed(b"\nnext\n")
    output.finish()
    assert log.got == ["***", "next"]


def test_records_that_wait_for_their_marks_take_a_bounded_amount_of_memory():
    """Beyond a limit, further records are logged at once."""
    output, log = stream_and_log()
    for number in range(100):
        output.record(record(number), "x" * 1_000_000)
    assert 80 < len(log.got) < 100


def test_output_that_is_not_read_to_its_end_has_no_half_line():
    """The last line may end with a part of a secret, so it is left out and the log says that it was cut."""
    output, log = stream_and_log()
    output.feed(b"whole\nhalf of a sec")
    output.finish(cut=True)
    assert log.got == ["whole", "... (cut)"]
