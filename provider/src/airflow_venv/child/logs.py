"""Hands logging records to the operator: level, logger and place stay what they are."""

import logging
import os
import sys

import airflow_venv_runner as runner

_LIMIT = 1 << 19


class ChannelHandler(logging.Handler):
    """Sends each record through the channel, and a mark behind it through the pipe, for the order of things."""

    def __init__(self):
        logging.Handler.__init__(self)
        self.number = 0

    def emit(self, record):
        """Send one record; where there is no channel (a forked process) print it."""
        try:
            text = self.format(record)[:_LIMIT]
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
        runner.channel.send(
            {
                "kind": "log",
                "number": self.number,
                "name": str(record.name)[:1000],
                "level": int(record.levelno),
                "path": str(record.pathname)[:4000],
                "line": int(record.lineno or 0),
                "function": str(record.funcName)[:1000],
                "created": float(record.created),
            },
            text.encode("utf-8", "backslashreplace"),
        )
        os.write(runner.output, "\0{}:{}\0".format(runner.start["token"], self.number).encode())


def install(_module):
    """Put the handler on the root logger, at the level that the task's log has in the worker."""
    root = logging.getLogger()
    root.addHandler(ChannelHandler())
    if root.level == logging.WARNING:  # nobody has set it yet
        root.setLevel(runner.start["log_level"])
