"""The child's output in the task's log: printed lines and logging records, in the order in which they were made.

Prints come through a pipe as bytes, records through the channel. Behind each record the child writes a mark with the
record's number into the pipe. The marks give the order, whichever of the two is read first.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from airflow_venv.child.task_logger import TASK_LOGGER
from airflow_venv.worker.messages import LEAST_SECRET_LENGTH, NoSecrets, secret_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_venv.child.frames import LogFrame
    from airflow_venv.worker.messages import Masker

__all__ = ["Log", "OutputStream", "TaskLog"]

LINE_LIMIT = 1 << 16
"""Bytes; a longer line is logged in parts, and a part is longer only where it would end in a secret."""
RECORDS_LIMIT = 1 << 12
RECORDS_SIZE = 1 << 24
"""Characters of the records that wait for their marks."""
_CUT_STEP = 1 << 10
_STEPS = 8
_NUMBER_LENGTH = 20
_LATEST = float(1 << 33)
"""Range of plausible times of records, in seconds since the epoch."""


class Log(Protocol):
    """A receiver of the child's output."""

    def line(self, text: str) -> None:
        """Log one line that was printed, without its end."""

    def record(self, frame: LogFrame, text: str) -> None:
        """Log one logging record."""


class TaskLog:
    """The task's log: prints at INFO by the operator's logger; records with their level, logger, place and time."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._handler = logging.getLogger(TASK_LOGGER)  # masks secrets, in every Airflow

    @property
    def level(self) -> int:
        """The level from which on records are logged."""
        return self._handler.getEffectiveLevel()

    def line(self, text: str) -> None:
        """Log one printed line."""
        self._log.info("%s", text)

    def record(self, frame: LogFrame, text: str) -> None:
        """Log one record. Its time is used if it is plausible."""
        record = logging.LogRecord(
            name=frame.name,
            level=frame.level,
            pathname=frame.path,
            lineno=frame.line,
            msg="%s",
            args=(text,),
            exc_info=None,
            func=frame.function,
        )
        if 0 < frame.created < _LATEST:
            record.created = frame.created
            record.msecs = int(frame.created % 1 * 1000)
        self._handler.handle(record)


def _size(frame: LogFrame, text: str) -> int:
    return len(text) + len(frame.name) + len(frame.path) + len(frame.function)


def _decoded(text: bytearray) -> str:
    return text.decode("utf-8", "backslashreplace")


def _common(one: str, other: str) -> int:
    """Count the characters that both texts begin with."""
    pairs = enumerate(zip(one, other))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))


def _character_start(text: bytearray, place: int) -> int:
    """Return the place, or the nearest one before it that does not cut a character."""
    return next((start for start in range(place, place - 4, -1) if text[start] & 0xC0 != 0x80), place)


class OutputStream:
    """Merge the bytes of the pipe with the records of the channel. At most one line and a few records are held."""

    def __init__(self, log: Log, token: str, masker: Masker | None = None) -> None:
        self._log = log
        self._masker = masker or NoSecrets()
        self._hiding = False
        """Whether the rest of the line is not logged."""
        self._mark = f"\0{token}:".encode()
        self._text = bytearray()
        self._records: dict[int, tuple[LogFrame, str]] = {}
        self._records_size = 0
        self._awaited: int | None = None
        self._searched = 0
        """Up to here there is no mark in the text."""

    @property
    def held(self) -> bool:
        """Whether a mark was read whose record has not come: nothing more should be read from the pipe."""
        return self._awaited is not None

    def record(self, frame: LogFrame, text: str) -> None:
        """Take a record from the channel; it is logged when its mark comes."""
        size = _size(frame, text)
        if (
            len(self._records) >= RECORDS_LIMIT
            or self._records_size + size > RECORDS_SIZE
            or frame.number in self._records
        ):
            self._log.record(frame, text)
            return
        self._records[frame.number] = (frame, text)
        self._records_size += size
        if self._awaited == frame.number:
            self.release()

    def release(self) -> None:
        """Stop waiting for the record of the last mark."""
        if self._awaited is not None:
            number, self._awaited = self._awaited, None
            self._emit(number)
            self.feed(b"")

    def _emit(self, number: int) -> None:
        record = self._records.pop(number, None)
        if record:
            self._records_size -= _size(*record)
            self._log.record(*record)

    def feed(self, data: bytes) -> None:
        """Take bytes from the pipe."""
        self._text += data
        while self._awaited is None and self._next_mark():
            pass

    def _next_mark(self) -> bool:
        """Log the lines up to the next mark, and the mark's record. Return False if there is no whole mark."""
        start = self._text.find(self._mark, self._searched)
        if start < 0:
            self._lines(len(self._text) - self._mark_begun())
            return False
        end = self._text.find(b"\0", start + len(self._mark), start + len(self._mark) + _NUMBER_LENGTH)
        if end < 0 and len(self._text) < start + len(self._mark) + _NUMBER_LENGTH:
            self._lines(start)
            return False
        digits = bytes(self._text[start + len(self._mark) : end]) if end >= 0 else b""
        if not digits.isdigit():  # printed text that begins like a mark
            self._searched = start + 1
            self._lines(self._searched)
            return True
        del self._text[start : end + 1]
        self._lines(start)
        if int(digits) in self._records:
            self._emit(int(digits))
        else:
            self._awaited = int(digits)
        return True

    def _mark_begun(self) -> int:
        """Count the bytes at the end that may be the first part of a mark."""
        last = self._text.rfind(b"\0", max(0, len(self._text) - len(self._mark)))
        return len(self._text) - last if last >= 0 and self._mark.startswith(self._text[last:]) else 0

    def _lines(self, end: int) -> None:
        """Log the whole lines among the first `end` bytes, and what is too long to wait for its end."""
        stop = self._text.rfind(b"\n", 0, end) + 1
        for line in (
            self._text[:stop].splitlines() if b"\r" in self._text[:stop] else self._text[:stop].split(b"\n")[:-1]
        ):
            self._line(line)
        while end - stop >= LINE_LIMIT + 2 * LEAST_SECRET_LENGTH:  # the usual case, in which Airflow is not asked
            size = self._part_size()
            if end - stop < size:
                break
            stop += self._log_part(self._text[stop : stop + size])
        del self._text[:stop]
        self._searched = max(0, self._searched - stop)

    def _line(self, line: bytearray) -> None:
        start = 0
        while len(line) - start > LINE_LIMIT:
            start += self._log_part(line[start : start + self._part_size()])
        if start < len(line) or not line:
            self._log_rest(line[start:])
        self._hiding = False

    def _log_rest(self, text: bytearray) -> None:
        if not self._hiding:
            self._log.line(_decoded(text))

    def _part_size(self) -> int:
        """Return the bytes to look at for a part: a secret that begins in any of its places must be seen whole."""
        return LINE_LIMIT + 2 * secret_length(self._masker)

    def _log_part(self, text: bytearray) -> int:
        """Log the first part of a long line; return its length.

        The line is not cut in a character, nor in a secret: the log hides only whole ones. Where no place for a cut is
        left between secrets, the rest of the line is not logged.
        """
        if self._hiding:
            return len(text)
        redact = self._masker.redact
        whole = redact(_decoded(text))
        for cut in self._cuts(text, whole):
            if 0 < cut <= len(text) and redact(_decoded(text[:cut])) + redact(_decoded(text[cut:])) == whole:
                self._log.line(_decoded(text[:cut]))
                return cut
        self._log.line("***")
        self._hiding = True
        return len(text)

    def _cuts(self, text: bytearray, whole: str) -> Iterator[int]:
        """Yield places for a cut: at the limit; before and behind the secret that is there; a little before it.

        Args:
            text: what is to be cut.
            whole: the text with its secrets hidden.
        """
        cut = _character_start(text, LINE_LIMIT)
        yield cut
        head, tail = _decoded(text[:cut]), _decoded(text[cut:])
        shown = self._masker.redact(head)  # ends in half of a secret, which is not hidden
        half = len(shown) - _common(shown, whole)
        yield cut - len(head[len(head) - half :].encode())
        shown = self._masker.redact(tail)  # begins with the other half
        half = len(shown) - _common(shown[::-1], whole[::-1])
        yield cut + len(tail[:half].encode())
        for step in range(1, _STEPS):
            yield _character_start(text, LINE_LIMIT - step * _CUT_STEP)

    def finish(self, *, cut: bool = False) -> None:
        """Log the rest after the child has ended.

        Args:
            cut: whether there is more that was not read, so that the last line may end in half of a secret.
        """
        while self._awaited is not None:
            self.release()
        self._lines(len(self._text))
        if cut:
            self._log.line("... (cut)")
        elif self._text:
            self._line(self._text)
            self._text.clear()
        for number in sorted(self._records):
            self._emit(number)
