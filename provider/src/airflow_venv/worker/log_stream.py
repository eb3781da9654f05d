"""The child's output in the task's log: printed lines and logging records, in the order in which they were made.

Prints come through a pipe as bytes, records through the channel. Behind each record the child writes a mark with the
record's number into the pipe; so the order in which things happened is known, whichever was read first.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from airflow_venv.child.task_logger import TASK_LOGGER
from airflow_venv.worker.messages import SECRET_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_venv.child.frames import LogFrame

__all__ = ["Log", "OutputStream", "TaskLog"]

LINE_LIMIT = 1 << 16
"""Bytes; a longer line is logged in parts."""
RECORDS_LIMIT = 1 << 12
RECORDS_SIZE = 1 << 24
"""Characters of the records that wait for their marks."""
_CUT_STEP = 1 << 10
_NUMBER_LENGTH = 20
_LATEST = float(1 << 33)
"""Seconds since the epoch that a record may have been made at."""


class Log(Protocol):
    """Where output goes."""

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


class OutputStream:
    """Puts bytes of the pipe and records of the channel together. Holds one line and a few records at most."""

    def __init__(self, log: Log, token: str, redact: Callable[[str], str] = str) -> None:
        self._log = log
        self._redact = redact
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
        """Wait no longer for the record that was awaited."""
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
        """Log the lines up to the next mark, and what the mark stands for; false when there is no whole mark."""
        start = self._text.find(self._mark, self._searched)
        if start < 0:
            self._lines(len(self._text) - self._mark_begun())
            return False
        end = self._text.find(b"\0", start + len(self._mark), start + len(self._mark) + _NUMBER_LENGTH)
        if end < 0 and len(self._text) < start + len(self._mark) + _NUMBER_LENGTH:
            self._lines(start)
            return False
        digits = bytes(self._text[start + len(self._mark) : end]) if end >= 0 else b""
        if not digits.isdigit():  # somebody printed the start of a mark: let it be text
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
        while end - stop >= LINE_LIMIT + SECRET_LENGTH:
            stop += self._log_part(self._text[stop : stop + LINE_LIMIT + SECRET_LENGTH])
        del self._text[:stop]
        self._searched = max(0, self._searched - stop)

    def _line(self, line: bytearray) -> None:
        start = 0
        while len(line) - start > LINE_LIMIT:
            start += self._log_part(line[start : start + LINE_LIMIT + SECRET_LENGTH])
        self._log.line(_decoded(line[start:]))

    def _log_part(self, text: bytearray) -> int:
        """Log the first part of a long line; return its length.

        The line is not cut in a character, nor in a secret: the log hides only whole ones.
        """
        whole = self._redact(_decoded(text))
        for limit in range(LINE_LIMIT, LINE_LIMIT - SECRET_LENGTH, -_CUT_STEP):
            cut = next((place for place in range(limit, limit - 4, -1) if text[place] & 0xC0 != 0x80), limit)
            if self._redact(_decoded(text[:cut])) + self._redact(_decoded(text[cut:])) == whole:
                self._log.line(_decoded(text[:cut]))
                return cut
        self._log.line("***")  # no place without a secret
        return LINE_LIMIT

    def finish(self) -> None:
        """Log the rest: the child has ended."""
        while self._awaited is not None:
            self.release()
        self._lines(len(self._text))
        if self._text:
            self._line(self._text)
            self._text.clear()
        for number in sorted(self._records):
            self._emit(number)
