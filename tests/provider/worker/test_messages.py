"""How the operator interprets the outcomes that a child sends."""

import pytest

from airflow_venv.child.frames import ErrorFrame
from airflow_venv.worker.channel import ProtocolError
from airflow_venv.worker.messages import NoSecrets, read_outcome

PART = {"types": ["builtins:ValueError"], "message": "m", "args": [], "exceptions": []}


def nested(depth):
    """Return nested groups."""
    part = PART
    for _ in range(depth):
        part = {**PART, "exceptions": [part]}
    return part


@pytest.mark.parametrize(
    "exceptions",
    [
        [None],
        [[]],
        ["types"],
        [{}],
        [{**PART, "types": []}],
        [{**PART, "types": None}],
        [{**PART, "args": 1}],
        [{**PART, "exceptions": {"types": 1}}],
        [PART] * 100,
        [nested(200)],
    ],
)
def test_a_malformed_group_breaks_the_protocol(exceptions):
    """Only this task fails, and the work is bounded."""
    frame = ErrorFrame(types=["builtins:ExceptionGroup"], message="m", exceptions=exceptions)
    with pytest.raises(ProtocolError, match=r"too many exceptions|an invalid exception"):
        read_outcome(frame, "", NoSecrets())


def test_a_malformed_cause_breaks_the_protocol():
    """A chain of causes is bounded, too."""
    part = PART
    for _ in range(100):
        part = {**PART, "causes": [part]}
    for causes in ([part], [None], ["text"]):
        with pytest.raises(ProtocolError, match=r"too many exceptions|an invalid exception"):
            read_outcome(ErrorFrame(types=["builtins:ValueError"], message="m", causes=causes), "", NoSecrets())


def test_a_group_is_read():
    """Its exceptions have no tracebacks of their own."""
    frame = ErrorFrame(types=["builtins:ExceptionGroup"], message="m", exceptions=[PART, nested(2)])
    one, other = read_outcome(frame, "text", NoSecrets()).exceptions
    assert (one.type_name, one.message, one.traceback) == ("ValueError", "m", "")
    assert other.exceptions[0].exceptions[0].message == "m"
