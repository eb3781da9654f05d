"""The table of tasks that run under every executor, with the outcome that a user sees for each."""

from dataclasses import dataclass

import pytest

__all__ = ["ANY", "LINES", "ROWS", "SECRETS", "Row", "parameters"]

LINES = {"af24": "2.4.3", "af27": "2.7.3", "af211": "2.11.2", "af30": "3.0.6", "af33": "3.3.2"}
"""The version of Airflow in each environment of `lines.py`."""
URI = "postgres://user:p%40ssw0rd@dbhost:5432/db?sslmode=require"
SECRETS = {"AIRFLOW_CONN_MY_DB": URI, "AIRFLOW_VAR_PLAIN": "hello", "AIRFLOW_VAR_JSON": '{"x": [1]}'}
ANY = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The outcome of a task, as a user sees it."""

    dag: str
    task: str
    state: str = "success"
    value: object = ANY
    """The task's result."""
    tries: int = 1
    log: tuple[str, ...] = ()
    """Texts that must occur in its log."""
    hidden: tuple[str, ...] = ()
    """Texts that must not occur in its log."""

    def __str__(self):
        """Return the name of the row in pytest's report."""
        return f"{self.dag}.{self.task}"

    def check(self, deployment):
        """Assert that a deployment shows this outcome."""
        task, _, _ = self.task.partition("[")
        log = deployment.log(self.dag, task)
        assert deployment.states(self.dag)[self.task] == self.state, log[-6000:]
        if self.value is not ANY:
            assert deployment.xcoms(self.dag)[self.task] == self.value
        assert deployment.tries(self.dag)[task] == self.tries
        for text in self.log:
            assert text in log
        for text in self.hidden:
            assert text not in log


def expected_answer(line):
    """Return the expected result of a task of `lines.py`."""
    return {
        "airflow": LINES.get(line),
        "uri": URI,
        "hook": {"user": "user", "password": "p@ssw0rd", "sslmode": "require"},
        "variables": ["hello", {"x": [1]}, 4],
        "set": "v",
        "task": f"ask_{line}",
    }


def rows_of_line(line):
    """Return the rows for one environment of `lines.py`."""
    masked = {"log": ("the word is ***",), "hidden": (f"hush-{line}-hush",)}
    yield Row(dag="lines", task=f"ask_{line}", value=expected_answer(line), **masked)
    yield Row(dag="lines", task=f"skip_{line}", state="skipped", log=("not today",))
    yield Row(dag="lines", task=f"fail_{line}", state="failed", log=("never again",))


def parameters(rows):
    """Return rows as parameters for a test."""
    return [pytest.param(row, id=str(row)) for row in rows]


TAKEN = {
    "nothing": ["NoneType", "builtins", "None"],
    "truth": ["bool", "builtins", "True"],
    "number": ["int", "builtins", str(2**53)],
    "fraction": ["float", "builtins", "0.1"],
    "text": ["str", "builtins", r"'ü\n'"],
    "nested": ["dict", "builtins", "{'a': [1, {'b': None}]}"],
    "set": ["set", "builtins", "{1}"],
    "moment": ["datetime", "datetime", "2024-01-02T03:04:05+00:00"],
    "day": ["date", "datetime", "datetime.date(2024, 1, 2)"],
    "span": ["timedelta", "datetime", "datetime.timedelta(days=1, seconds=3600)"],
}
ROWS = (
    *(row for line in ("none", *LINES) for row in rows_of_line(line)),
    Row(dag="values", task="take", value=TAKEN),
    Row(dag="values", task="take_zoned", value=["datetime", "2024-07-02T03:04:05+02:00", "zoneinfo"]),
    Row(dag="values", task="joined", value=[1, [2], None]),
    Row(dag="values", task="double[2]"),
    Row(dag="values", task="total", value=["list", 12]),
    Row(dag="endings", task="raises", state="failed", log=("BadData: row 7", "endings.py")),
    Row(dag="endings", task="again", value="the second time", tries=2, log=("KeyError: 'the first time'",)),
    Row(dag="endings", task="leaves", state="skipped"),
    Row(dag="endings", task="killed", state="failed", log=("SIGKILL",)),
    Row(dag="endings", task="too_long", state="failed"),
    Row(dag="endings", task="speaks", value=1, log=("by print", "by stderr", "by logging")),
    Row(dag="crowd", task="all_of_them", value=sum(n * n for n in range(20))),
)
