"""The quickstart without an engine, as in `make demo-local` and, if there is no engine, in `make demo`."""

import pytest

from tools import demo, demo_local, engine
from tools.dag_runs import Task
from tools.demo_steps import EXAMPLE
from tools.state import Unavailable


@pytest.mark.airflow
def test_the_quickstart_runs_without_an_engine():
    """Each task runs on the Python of its environment, and a data frame is passed between two versions of pandas."""
    tasks = {task.name: task.value for task in demo_local.demo()}
    series = {name: value["python"].rpartition(".")[0] for name, value in tasks.items()}
    assert series == {"sales": "3.12", "totals": "3.9", "best": "3.12", "announce": "3.11"}
    assert tasks["totals"]["interpreter"] == str(EXAMPLE / ".pyenv-frontend/report/bin/python")
    assert tasks["announce"]["interpreter"] == str(EXAMPLE / ".pyenv-frontend/tiny/bin/python")
    assert tasks["best"]["result"] == "Oslo sold 7"


def test_without_an_engine_the_demo_does_without(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The demo reports that there is no engine, and shows the same table."""

    def no_engine() -> None:
        raise Unavailable("nothing answers")

    value = {"python": "3.9.18", "interpreter": "/p", "result": "r"}
    monkeypatch.setattr(engine, "up", no_engine)
    monkeypatch.setattr(demo_local, "demo", lambda: [Task(name="only", state="success", value=value)])
    assert demo.main() == 0
    printed, progress = capsys.readouterr()
    assert "nothing answers" in progress
    assert "the demo without one" in progress
    assert printed.endswith("only  3.9.18  /p           r\n\ndemo: ok\n")
