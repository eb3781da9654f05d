"""Replace the standard library's `logging` in the frontend's image, where nothing is ever logged.

hpack and the parser that lark generates call `getLogger` when they are imported. The real module and its imports take
8 ms in every build. Other names come from the real module, which is kept as `_full_logging`.
"""

from __future__ import annotations

CRITICAL = 50


class Logger:
    """A logger that ignores everything."""

    def _silent(self, *args: object, **kwargs: object) -> None:
        """Do nothing, for any arguments."""

    debug = info = warning = error = critical = exception = log = addHandler = setLevel = _silent  # noqa: N815


StreamHandler = Logger
_LOGGER = Logger()


def getLogger(name: str | None = None) -> Logger:  # noqa: N802  # the standard library's name
    """Return the same logger for every name."""
    del name
    return _LOGGER


def __getattr__(name: str) -> object:
    if name == "__path__":  # looked up by each `from ... import`
        raise AttributeError(name)
    import _full_logging  # noqa: PLC0415

    return getattr(_full_logging, name)
