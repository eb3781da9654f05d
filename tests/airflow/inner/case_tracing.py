"""The spans of a function are children of its task's span."""

import os
import types

import pytest

CARRIER = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=b"}


def read():
    import os

    return [os.environ.get("TRACEPARENT"), os.environ.get("TRACESTATE")]


def test_the_carrier_that_airflow_has_made_reaches_the_function(execute):
    ti = types.SimpleNamespace(bundle_instance=None, context_carrier=CARRIER)
    assert execute(read, context={"ti": ti}) == [CARRIER["traceparent"], "a=b"]
    assert execute(read, context={"ti": ti}, env_vars={"TRACEPARENT": "mine"})[0] == "mine"


def test_without_a_span_there_is_no_variable(execute):
    assert execute(read) == [None, None]


def test_spans_of_the_function_are_children_of_the_current_span(execute):
    trace = pytest.importorskip("opentelemetry.sdk.trace", reason="this release of Airflow is older than its traces")

    def f():
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider

        tracer = TracerProvider().get_tracer("function")
        with tracer.start_as_current_span("inside") as span:
            return [format(span.context.trace_id, "032x"), format(span.parent.span_id, "016x")]

    tracer = trace.TracerProvider().get_tracer("task")
    with tracer.start_as_current_span("task") as span:
        ours = span.get_span_context()
        theirs = execute(f, venv="airflow")
        assert execute(read)[0].startswith(f"00-{ours.trace_id:032x}-{ours.span_id:016x}-")
    assert theirs == [format(ours.trace_id, "032x"), format(ours.span_id, "016x")]
