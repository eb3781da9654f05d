"""Compare warm with cold tasks: trivial tasks, tasks with imports, mapped tasks in a real executor, and memory."""

import functools
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from airflow_venv.call import Value, Warm
from airflow_venv.worker import warm_processes
from bench.harness import Row, in_turn
from tests.airflow.deployments import Deployment, deploy
from tests.airflow.installations import CLUSTERS, environment
from tests.support import children
from tests.support.waiting import wait_for
from tools.state import Unavailable

PACKAGES = ("pandas", "scikit-learn")
FUNCTIONS = (
    ("a trivial task", "return 1", (), 40, "at most 10 ms"),
    ("a task that imports pandas", "import pandas; return 1", ("pandas",), 9, "at least 20x faster"),
    (
        "a task that imports sklearn.ensemble",
        "import sklearn.ensemble; return 1",
        ("sklearn.ensemble",),
        5,
        "at least 60x faster",
    ),
)
"""Description of the task, body of its function, modules of the warm process, pairs of runs, and the aim."""
HOLDING = """
    def f(folder):
        import os
        import time

        import pandas

        frame = pandas.DataFrame({"a": range(1000)})
        open(os.path.join(folder, str(os.getpid())), "w").close()
        while not os.path.exists(os.path.join(folder, "over")):
            time.sleep(0.05)
        return len(frame)
    """
AT_ONCE = 8
MAPPED = 50
SLOTS = "4"
"""Number of tasks that the executor runs at once."""


def rows() -> Iterator[Row]:
    """Measure with warm processes that end with the measurement."""
    python = environment("3.12", *PACKAGES)
    with tempfile.TemporaryDirectory() as base, pytest.MonkeyPatch.context() as patch:
        patch.setattr(warm_processes, "folder", lambda: Path(base) / "warm")
        try:
            for what, body, modules, pairs, aim in FUNCTIONS:
                run = functools.partial(_run, f"def f(): {body}\n", python)
                run(Warm(modules))
                ours, cold = in_turn(functools.partial(run, Warm(modules)), functools.partial(run, None), pairs)
                yield Row(what=what, ours=ours * 1000, theirs=cold * 1000, against="cold", unit="ms", aim=aim)
            ours, cold = (_memory(python, chosen) for chosen in (Warm(("pandas",)), None))
            what = f"memory of {AT_ONCE} tasks at once that hold pandas, shared pages counted once"
            yield Row(what=what, ours=ours, theirs=cold, against="cold", unit="MB", aim="less")
        finally:
            warm_processes.stop_all()
    yield from _mapped(python)


def _run(source: str, python: str, chosen: Warm | None) -> None:
    outcome = children.run(source, python=python, warm=chosen)
    if not isinstance(outcome, Value):
        raise Unavailable(f"the function ended with {outcome}")


def _memory(python: str, chosen: Warm | None) -> float:
    """Run `AT_ONCE` functions at once, and return the memory of their processes and the zygote's in megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        work: Callable[[], None] = functools.partial(children.run, HOLDING, folder, python=python, warm=chosen)
        threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        try:
            pids = wait_for(
                lambda: (names := [path.name for path in Path(folder).iterdir()])[AT_ONCE - 1 :] and names, 300
            )
            return sum(map(_proportional, [*pids, *(str(about["pid"]) for about in warm_processes.running())])) / 1024
        finally:
            (Path(folder) / "over").touch()
            for thread in threads:
                thread.join()


def _proportional(pid: str) -> int:
    """Return the proportional set size of a process in kilobytes: its own memory and its part of shared pages."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _mapped(python: str) -> Iterator[Row]:
    """Run mapped tasks in LocalExecutor, in turn with Airflow's operator, cold and warm."""
    with tempfile.TemporaryDirectory() as home:
        variables = {"ASTRO_PYENV_report": python, "AIRFLOW__CORE__PARALLELISM": SLOTS, "TMPDIR": home}
        variables["AIRFLOW__VENV__WARM_IDLE"] = "60"
        with deploy(CLUSTERS["3.3.2"], "local", Path(home), ["mapped.py"], lambda _: variables) as deployment:
            times = {kind: _wall(deployment, kind) for kind in ("stock", "cold", "warm")}
    what = f"{MAPPED} mapped tasks that import pandas, LocalExecutor of Airflow 3.3.2, {SLOTS} at once"
    for against in ("cold", "stock"):
        name = "cold" if against == "cold" else "ExternalPythonOperator with its defaults"
        yield Row(what=what, ours=times["warm"], theirs=times[against], against=name, unit="s", aim="faster")


def _wall(deployment: Deployment, kind: str) -> float:
    """Run one DAG, and return the seconds from the start of the first task to the end of the last one."""
    deployment.trigger(f"mapped_{kind}")
    deployment.wait(lambda: deployment.ended(f"mapped_{kind}"), 900)
    span = "extract(epoch from max(end_date) - min(start_date))"
    which = f"dag_id = 'mapped_{kind}' and state = 'success'"
    statement = f"select {span} as seconds, count(*) from task_instance where {which}"  # noqa: S608 - no foreign input
    ((seconds, count),) = deployment.query(statement)
    if count != MAPPED:
        raise Unavailable(f"{count} of {MAPPED} tasks of mapped_{kind} succeeded")
    return float(str(seconds))
