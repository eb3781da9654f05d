"""Stands in for the standard library's `logging` in the frontend's image, where nothing is ever logged.

hpack and the parser that lark generates ask for a logger when they are imported, and the real module, with what it
imports in turn, is 8 ms of every build. Other names come from the real one, which is kept as `_full_logging`.
"""

from __future__ import annotations

CRITICAL = 50


class Logger:
    """A logger that says nothing."""

    def _silent(self, *args: object, **kwargs: object) -> None:
        """Take anything."""

    debug = info = warning = error = critical = exception = log = addHandler = setLevel = _silent  # noqa: N815


StreamHandler = Logger
_LOGGER = Logger()


def getLogger(name: str | None = None) -> Logger:  # noqa: N802  # the standard library's name
    """Give the silent logger, whatever its name."""
    del name
    return _LOGGER


def __getattr__(name: str) -> object:
    if name == "__path__":  # asked by each `from ... import`
        raise AttributeError(name)
    import _full_logging  # noqa: PLC0415

    return getattr(_full_logging, name)
