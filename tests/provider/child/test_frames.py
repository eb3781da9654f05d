"""Encoding of frames: the C accelerator of JSON, and values that do not need a pickle."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_venv.child import frames

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_the_borrowed_half_of_json_agrees_with_the_whole(value):
    """The child uses json's C accelerator directly, and the results must equal those of `json`."""
    assert frames.dumps(value) == json.dumps(value, separators=(",", ":")).encode()
    assert repr(frames.loads(json.dumps(value).encode())) == repr(json.loads(json.dumps(value)))


@given(json_values)
def test_a_plain_value_survives_json_exactly(value):
    """A plain value is sent without a pickle."""
    if frames.is_plain(value):
        assert repr(json.loads(frames.dumps(value))) == repr(value)


class Text(str):
    """A subclass of str."""

    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [
        (1,),
        {1: 2},
        {"a": {1, 2}},
        b"x",
        Text("x"),
        1 << 64,
        [[Text("x")]],
        ["x" * 100_000],
        [0] * 9999,
        ["\ud83d\ude00"],
    ],
)
def test_what_json_would_change_is_not_plain(value):
    """Tuples, keys other than strings, subclasses, large values and surrogates are not plain."""
    assert not frames.is_plain(value)


def test_a_value_that_contains_itself_is_not_plain():
    """The check of such a value must end."""
    value = []
    value.append(value)
    assert not frames.is_plain(value)


def test_a_frame_survives_the_wire_and_cannot_be_changed():
    """All fields keep their values, and a frame is immutable."""
    frame = frames.RequestFrame(id=3, request="get_variable", arguments={"key": "x"})
    assert vars(frames.read_frame(json.loads(frames.dumps(frame.header())))) == vars(frame)
    with pytest.raises(AttributeError):
        frame.id = 4
