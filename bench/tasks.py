"""Compare a trivial task in VenvOperator and in Airflow's ExternalPythonOperator, in the same Airflow."""

import json
from collections.abc import Iterator
from pathlib import Path

from airflow_venv.call import Value
from bench.harness import Row
from tests.airflow import installations
from tests.support import children
from tools.state import Unavailable, folder, run

SCRIPT = Path(__file__).parent / "inside/timing.py"
CASES = (
    ("an environment without Airflow", "3.3.2", None, 25, "at least 4x faster"),
    ("an environment with Airflow", "3.3.2", "3.3.2", 7, "at least 50x faster"),
    ("an environment without Airflow", "2.11.2", None, 15, "at least 4x faster"),
    ("an environment with Airflow", "2.11.2", "2.11.2", 7, "-"),
)
"""Description of the environment, Airflow's version, the version in the environment, pairs of runs, and the aim."""
ANSWERS = """
    def f():
        import time
        from airflow_venv import get_variable

        get_variable("a")
        times = []
        for _ in range(1000):
            start = time.perf_counter()
            get_variable("a")
            times.append(time.perf_counter() - start)
        return sorted(times)[len(times) // 2] * 1000
    """
"""Function that returns the median time of a request for a Variable in milliseconds. The worker answers at once."""
MANY = ("an environment without Airflow", "3.3.2", None, 1, "at least 4x faster")
"""Case for a hundred tasks in a row, as when one worker runs a mapped task."""
NO_AIRFLOW = ("--no-airflow",)
RUNS = (
    *((1, (), case) for case in CASES),
    *((1, NO_AIRFLOW, (what, version, inside, pairs, "-")) for what, version, inside, pairs, _ in CASES if not inside),
    (100, (), MANY),
)
"""Number of tasks in a row, options of the script, and case.

Cases without Airflow are also measured with `expect_airflow=False` for Airflow's operator.
"""


def rows() -> Iterator[Row]:
    """Measure each case in a separate process."""
    for number, options, (what, version, inside, pairs, aim) in RUNS:
        airflow = installations.release(version)
        home = airflow.install()
        python = (
            str(installations.release(inside).install() / "python") if inside else installations.environment("3.11")
        )
        variables = {
            "ASTRO_PYENV_bench": python,
            "PYTHONPATH": str(installations.provider()),
            "AIRFLOW_HOME": str(folder("bench", f"airflow-{version}")),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }
        printed = run([home / "python", SCRIPT, str(pairs), str(number), *options], env=variables, timeout=240)
        marked = [line for line in printed.splitlines() if line.startswith("@")]
        if not marked:
            raise Unavailable(f"{SCRIPT.name} printed no times:\n{printed[-2000:]}")
        ours, stock = json.loads(marked[-1][1:])
        against = f"ExternalPythonOperator of Airflow {version}"
        if options:
            against += " with expect_airflow=False"
        task = "a trivial task" if number == 1 else f"{number} trivial tasks"
        yield Row(what=f"{task}, {what}", ours=ours, theirs=stock, against=against, unit="ms", aim=aim)
    services = children.FakeServices({"get_variable": [True, "value"]})
    outcome = children.run(ANSWERS, services=services, python=installations.environment("3.11"))
    if not isinstance(outcome, Value):
        raise Unavailable(f"the function that asks ended with {outcome}")
    against = "without what Airflow itself needs"
    yield Row(
        what="an answer to a function", ours=outcome.value, theirs=0, against=against, unit="ms", aim="under 1 ms"
    )
