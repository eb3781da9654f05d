"""Variables over time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pyenv_frontend.stages.history import History

PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=2)))


@settings(deadline=None)
@given(PAIRS)
def test_moments_are_what_copies_would_be(pairs):
    """Every moment equals a copy of all variables made at that time, whatever was set later."""
    history, plain, moments, copies = History(), {}, [], []
    for name, value in pairs:
        history[name] = plain[name] = value
        moments.append(history.now())
        copies.append(dict(plain))
        assert [*history] == [*plain]
    assert [dict(moment) for moment in moments] == copies
    assert [[moment.get(name) for name in "abc"] for moment in moments] == [[c.get(n) for n in "abc"] for c in copies]
    assert [len(moment) for moment in moments] == [len(copy) for copy in copies]


def test_start_and_now():
    """A history can begin with values, and answers for now."""
    history = History({"a": "1"})
    before = history.now()
    history["a"] = "2"
    assert (history["a"], history.get("a"), history.get("b"), before) == ("2", "2", None, {"a": "1"})
    assert repr(before) == "{'a': '1'}"
