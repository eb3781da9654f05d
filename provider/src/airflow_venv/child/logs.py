"""Send logging records to the operator with their level, logger and place in the source."""

import logging
import os
import sys

from . import session
from .excerpt import whole
from .frames import RECORD_LIMIT, LogFrame


class ChannelHandler(logging.Handler):
    """Logging handler that sends each record through the channel and then writes a mark to the output.

    From the marks the operator restores the order of records and printed text.
    """

    def __init__(self):
        logging.Handler.__init__(self)
        self.number = 0

    def emit(self, record):
        """Send one record, or print it if there is no channel, as in a forked process."""
        try:
            text = self.format(record)[:RECORD_LIMIT]
            self._flush()
            try:
                self._send(record, text)
            except ConnectionError:
                sys.stderr.write(f"{record.levelname}: {record.name}: {text}\n")
        except Exception:  # noqa: BLE001 - formatting may raise anything; logging's handlers treat it like this
            self.handleError(record)

    def handleError(self, record):  # noqa: N802 - logging's name
        """Print why a record cannot be logged, and the line that made it; not the stack, which is mostly ours."""
        if not logging.raiseExceptions or sys.stderr is None:
            return
        error = sys.exc_info()[1]
        text = f"{record.pathname}:{record.lineno}: a log record cannot be formatted: {type(error).__name__}: {error}"
        try:
            text += f" ({record.msg!r} with {record.args!r})"
        except Exception:  # noqa: BLE001, S110 - the arguments' own methods
            pass
        sys.stderr.write(text + "\n")

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
    """Add the handler to the root logger, and set its level to that of the task's log in the worker."""
    root = logging.getLogger()
    root.addHandler(ChannelHandler())
    if root.level == logging.WARNING:  # the default
        root.setLevel(session.start.log_level)


def log_warning(message, category, filename, lineno, file=None, line=None):  # noqa: PLR0913, PLR0917 - its signature
    """Log a warning (`warnings.showwarning`), as `logging.captureWarnings` does."""
    import warnings

    text = warnings.formatwarning(message, category, filename, lineno, line)
    if file is not None:
        file.write(text)
    else:
        logging.getLogger("py.warnings").warning("%s", text)
