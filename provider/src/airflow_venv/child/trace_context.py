"""Make the function's OpenTelemetry spans children of the task's span."""

import os


def attach(_module):
    """Make the task's span the current one.

    The environment variables `TRACEPARENT`, `TRACESTATE` and `BAGGAGE` describe it (W3C Trace Context and Baggage).
    """
    from opentelemetry import context, propagate

    names = ("traceparent", "tracestate", "baggage")
    carrier = {name: os.environ[name.upper()] for name in names if name.upper() in os.environ}
    context.attach(propagate.extract(carrier))
