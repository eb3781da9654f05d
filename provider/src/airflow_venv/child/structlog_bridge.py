"""Make structlog's loggers, which Airflow 3 uses, write to the standard library's loggers."""


def _render(_logger, _method, event):
    """Return the arguments for a standard logger: the message followed by its key-value pairs, and the options."""
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
