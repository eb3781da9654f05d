"""Tasks that wait at the same time."""

import pytest

from pyenv_frontend.together import finish, side_by_side, together


def task(name, waits, log):
    for number in range(waits):
        log.append(f"{name}{number}")
        yield
    return name


def test_each_asks_before_one_waits():
    """A short task does not delay a long one, and results are in order."""
    log = []
    assert together(task("a", 3, log), task("b", 1, log)) == ["a", "b"]
    assert log == ["a0", "b0", "a1", "a2"]


def test_tasks_are_made_of_tasks():
    """The number of rounds is that of the longest task."""
    log = []
    both = side_by_side(task("a", 2, log), side_by_side(task("b", 2, log), task("c", 0, log)))
    assert (len(list(both)), log) == (2, ["a0", "b0", "a1", "b1"])
    assert together() == []


def test_the_first_error_is_raised():
    """The caller gets the error."""

    def failing():
        yield
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        finish(side_by_side(task("a", 9, []), failing()))
