"""Puts the spans of the function under the span of its task, where the function imports OpenTelemetry."""

import os


def attach(_module):
    """Make the span that the operator has described the current one."""
    from opentelemetry import context, propagate

    names = ("traceparent", "tracestate", "baggage")
    carrier = {name: os.environ[name.upper()] for name in names if name.upper() in os.environ}
    context.attach(propagate.extract(carrier))
