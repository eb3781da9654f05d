"""Makes structlog's loggers, which Airflow 3 uses, write records of the standard library's logging."""


def _render(_logger, _method, event):
    """Return the message with its key-value pairs behind it, and what logging takes itself."""
    options = {name: event.pop(name) for name in ("exc_info", "stack_info") if name in event}
    text = str(event.pop("event", ""))
    pairs = " ".join(f"{key}={value!r}" for key, value in event.items() if key != "logger_name")
    return ("%s", f"{text} {pairs}" if pairs else text), options


def log_through_logging():
    """Configure structlog to log through the standard library."""
    import structlog

    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.PositionalArgumentsFormatter(), _render],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
