"""Values in messages: a message never has only a part of a secret, since the log masks whole secrets only."""

import ast
import json

import pytest

from airflow_venv.call import Error
from airflow_venv.child import data_serializers, excerpt, json_codec
from airflow_venv.child.frames import ErrorFrame, read_frame
from airflow_venv.worker import channel, messages
from tests.support.children import Lines, run
from tools.state import ROOT

KEY = "correct-horse-battery-staple"
PACKAGE = ROOT / "provider/src/airflow_venv"
KNOWN_CUTS = {
    ("child/logs.py", "emit"),  # `mask_cut` drops the end, which may be part of a secret
    ("child/outcome.py", "_described"),  # as in `emit`
    ("child/outcome.py", "message_of"),  # as in `emit`
    ("child/outcome.py", "formatted"),  # as in `emit`, but the start
    ("child/outcome.py", "_types"),  # cuts a list, not a text
    ("child/preload.py", "load"),  # runs in a process without data of a task
    ("environments/inventory.py", "read_lock"),  # the text is shown on the page, not in a message
    ("worker/warm_identity.py", "_digest"),
}


def texts():
    """Return texts with the secret at every position at which a message might be cut."""
    return ["x" * before + KEY + "y" * 3000 for before in (50, 60, 70, 79, 180, 190, 199, 980, 999)]


def raised(function, *args):
    """Return the message of the ValueError or ProtocolError that a call raises."""
    with pytest.raises((ValueError, channel.ProtocolError)) as caught:
        function(*args)
    return str(caught.value)


def load_text(value):
    """Read a value from a stream of the `json` serializer."""
    data = json.dumps(value).encode()
    pieces = [len(data).to_bytes(8, "big"), data]
    return data_serializers.load_coded(type("Feed", (), {"read": lambda *_: pieces.pop(0)})(), "json")


@pytest.mark.parametrize(
    "message",
    [
        lambda text: raised(read_frame, {"kind": text}),
        lambda text: raised(read_frame, {"kind": [text]}),
        lambda text: raised(read_frame, {"kind": "exit", "code": 0, "message": "", text: 1}),
        lambda text: raised(json_codec.decode, {"$": [text]}),
        lambda text: raised(json_codec.decode, {"$": [[text]]}),
        lambda text: raised(load_text, {"$": [text]}),
        lambda text: raised(channel._parse, bytearray(text.encode()), 0),
        lambda text: str(messages.read_outcome(ErrorFrame(types=[f"m:{text}"], message=""), "", messages.NoSecrets())),
    ],
)
def test_a_message_holds_the_whole_of_a_text_or_nothing(message):
    """This holds for every position of the secret in a long text."""
    for text in texts():
        shown = message(text)
        assert KEY in shown or KEY[:4] not in shown
        assert len(shown) < 6000


def test_a_short_value_is_quoted():
    """The quoted value helps to find the mistake."""
    assert excerpt.excerpt("what?") == "'what?'"
    assert excerpt.excerpt(["a", {}]) == "['a', {}]"
    assert excerpt.excerpt("a" * 300) == "(str of length 300)"
    assert excerpt.excerpt(["a" * 300]) == "(list, 304 characters when written out)"


def test_the_names_of_a_log_record_are_not_cut():
    """These are the names of a logger, a file and a function."""
    lines = Lines()
    source = f"""
        def f():
            import logging
            for before in (970, 990, 3990):
                name = "l" * before + {KEY!r} + "l" * 4000
                logging.getLogger("x").handle(logging.LogRecord(name, 30, name, 1, "spoken", (), None, func=name))
        """
    assert not isinstance(run(source, lines=lines), Error)
    names = [name for _, name, text in lines.records if text == "spoken"]
    assert len(names) == 3
    assert not any(KEY[:4] in name for name in names)


def test_no_other_message_cuts_a_text():
    """Every slice with a fixed limit has to be in `KNOWN_CUTS`."""
    cuts = set()
    for path in PACKAGE.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                cuts |= {(str(path.relative_to(PACKAGE)), function.name) for node in ast.walk(function) if is_cut(node)}
    assert sorted(cuts - KNOWN_CUTS) == []


def is_cut(node):
    """Tell whether a node slices off the first or last part of a value, with a fixed size above 16."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Slice):
        return False
    bounds = [bound for bound in (node.slice.lower, node.slice.upper) if bound is not None]
    bounds = [bound.operand if isinstance(bound, ast.UnaryOp) else bound for bound in bounds]
    return len(bounds) == 1 and any(
        (isinstance(bound, ast.Constant) and bound.value > 16)
        or (isinstance(bound, ast.Name) and bound.id.isupper() and "LIMIT" in bound.id)
        for bound in bounds
    )
