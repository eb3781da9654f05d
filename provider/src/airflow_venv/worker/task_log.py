"""The task's log as the child's output goes to it."""

from __future__ import annotations

import logging
from typing import Any

__all__ = ["TaskLog"]

TASK_LOGGER = "airflow.task"
"""The logger whose handlers write the task's log and mask secrets in it, in every Airflow."""


class TaskLog:
    """Prints are logged at INFO by the operator's logger; records keep their level, logger, place and time."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._handler = logging.getLogger(TASK_LOGGER)

    @property
    def level(self) -> int:
        """The level from which on records are wanted."""
        return self._handler.getEffectiveLevel()

    def line(self, text: str) -> None:
        """Log one printed line."""
        self._log.info("%s", text)

    def record(self, header: dict[str, Any], text: str) -> None:
        """Log one record. Fields of the wrong type are the environment's doing and are not believed."""
        level, line, created = header.get("level"), header.get("line"), header.get("created")
        record = logging.LogRecord(
            name=str(header.get("name")),
            level=level if isinstance(level, int) else logging.INFO,
            pathname=str(header.get("path")),
            lineno=line if isinstance(line, int) else 0,
            msg="%s",
            args=(text,),
            exc_info=None,
            func=str(header.get("function")),
        )
        if isinstance(created, float) and 0 < created < 1 << 33:
            record.created = created
            record.msecs = int(created % 1 * 1000)
        self._handler.handle(record)
