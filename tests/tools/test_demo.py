"""The end of the output of `make demo`: the results, the next steps, and the last line."""

import pytest

from tools import demo, demo_steps
from tools.dag_runs import Task
from tools.engine import Engine
from tools.state import Unavailable

TASK = Task(name="read", state="success", value={"python": "3.9.2", "interpreter": "/x/bin/python", "result": "1\n2"})


@pytest.mark.parametrize("ours", [True, False])
def test_an_engine_of_our_own_is_explained(monkeypatch, capsys, ours):
    """The commands to use it come before the last line; with the user's own engine there are none."""
    # A machine has a single engine, so the other kind is simulated.
    monkeypatch.setattr(demo.engine, "find", lambda: Engine(flavour="docker", env={}, ours=ours))
    assert demo_steps.report(lambda: ([TASK], demo.what_next())) == 0
    printed = capsys.readouterr().out
    assert printed.endswith("\ndemo: ok\n")
    assert "read" in printed
    lines = (
        '    eval "$(.venv/bin/python -m tools.engine env)"\n',
        "    docker run --rm --network=host pyenv-quickstart:dev",
    )
    assert [line in printed for line in lines] == [ours, ours]


def test_a_failed_demo_has_a_message(capsys):
    """The message is a single line, followed by the exit code."""

    def fails() -> tuple[list[Task], str]:
        raise Unavailable("no network")

    assert demo_steps.report(fails) == 1
    assert capsys.readouterr().out == "\ndemo: no network\n"
