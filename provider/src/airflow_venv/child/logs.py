"""Sends logging records to the operator. Level, logger and place stay what they are."""

import logging
import os
import sys

from . import session
from .excerpt import whole
from .frames import RECORD_LIMIT, LogFrame


class ChannelHandler(logging.Handler):
    """Sends each record through the channel, and writes a mark behind it to the output, which keeps them in order."""

    def __init__(self):
        logging.Handler.__init__(self)
        self.number = 0

    def emit(self, record):
        """Send one record; print it where there is no channel (in a forked process)."""
        try:
            text = self.format(record)[:RECORD_LIMIT]
            self._flush()
            try:
                self._send(record, text)
            except ConnectionError:
                sys.stderr.write(f"{record.levelname}: {record.name}: {text}\n")
        except Exception:  # noqa: BLE001 - logging's own way to treat what a record's arguments do
            self.handleError(record)

    def _flush(self):
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()

    def _send(self, record, text):
        self.number += 1
        frame = LogFrame(
            number=self.number,
            name=whole(record.name),
            level=int(record.levelno),
            path=whole(record.pathname),
            line=int(record.lineno or 0),
            function=whole(record.funcName),
            created=float(record.created),
        )
        session.channel.send(frame, text.encode("utf-8", "backslashreplace"))
        os.write(session.output, f"\0{session.start.token}:{self.number}\0".encode())


def install(_module):
    """Add the handler to the root logger, and set the level that the task's log has in the worker."""
    root = logging.getLogger()
    root.addHandler(ChannelHandler())
    if root.level == logging.WARNING:  # nobody has set it yet
        root.setLevel(session.start.log_level)


def log_warning(message, category, filename, lineno, file=None, line=None):  # noqa: PLR0913, PLR0917 - theirs
    """Log a warning (`warnings.showwarning`), as `logging.captureWarnings` does."""
    import warnings

    text = warnings.formatwarning(message, category, filename, lineno, line)
    if file is not None:
        file.write(text)
    else:
        logging.getLogger("py.warnings").warning("%s", text)
