"""Run the demo without an engine: the quickstart's environments and DAG on this machine, with Airflow on SQLite.

Run as a module: `python -m tools.demo_local`. The output ends with the same table as that of the demo on an engine.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from pyenv_frontend.local.interpreters import LocalInterpreters, MissingInterpreterError
from pyenv_frontend.positions import Span
from pyenv_frontend.pyenv.versions import parse_version
from tools import interpreters, wheels
from tools.dag_runs import SCRIPT, Task, follow
from tools.demo_steps import DAG, EXAMPLE, finished, progress, report, step
from tools.stand_ins import AIRFLOW_UNTIL
from tools.state import ROOT, Unavailable, folder, lock, run, say

AIRFLOW, PYTHON = "3.3.2", "3.12"
"""Versions in the base image of the quickstart's Dockerfile."""


def demo() -> list[Task]:
    """Run the demo, and return the outcomes of the DAG's tasks.

    Raises:
        Unavailable: a step failed. The text says which one and why.
    """
    with step(f"Airflow {AIRFLOW} on Python {PYTHON}, and the provider"):
        airflow = _airflow()
    with step(f"pyenv-frontend local -f {EXAMPLE.relative_to(ROOT)}/Dockerfile"):
        variables = _environments()
    with step(f"airflow dags test {DAG}, on this machine"):
        return _run(airflow, variables)


def _airflow() -> Path:
    """Install Airflow and this checkout's provider into the state folder, and return the path of its `python`."""
    home = folder("demo") / f"airflow-{AIRFLOW}"
    python = home / "bin/python"
    ready = home / "ready-1"
    uv = interpreters.uv()
    with lock(f"demo-airflow-{AIRFLOW}"):
        if not ready.exists():
            say("installing it; this takes a minute, once")
            run([uv, "venv", "-q", "--clear", "--python", _interpreter(uv), home])
            packages = [f"apache-airflow[pandas]=={AIRFLOW}", "pyarrow"]
            until = ["--exclude-newer", AIRFLOW_UNTIL[AIRFLOW]]
            run([uv, "pip", "install", "-q", "--python", python, *until, *packages])
            ready.touch()
        wheel = next(wheels.provider_wheel().glob("*.whl"))
        run([uv, "pip", "install", "-q", "--python", python, "--no-deps", "--reinstall", wheel])
    return python


def _interpreter(uv: Path) -> Path:
    try:
        return LocalInterpreters(uv).find(parse_version(PYTHON, Span(0, 0))).python
    except MissingInterpreterError as error:
        raise Unavailable(f"{error}: {error.hint}") from error


def _environments() -> dict[str, str]:
    """Create the environments with `pyenv-frontend local`, and return their environment variables."""
    program = Path(sys.executable).with_name("pyenv-frontend")
    command: list[str | Path] = [program, "local", "-f", EXAMPLE / "Dockerfile", "--format", "json"]
    environ = {**os.environ, "PATH": f"{interpreters.uv().parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Unavailable("an environment could not be made: the message is above")
    return dict(json.loads(done.stdout))


def _run(airflow: Path, variables: dict[str, str]) -> list[Task]:
    """Run the DAG, and return the outcomes of its tasks in the order in which they ended."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "ASTRO_PYENV_"))}
    environ |= variables
    environ |= {"AIRFLOW_HOME": str(folder("demo", "home")), "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLE / "dags")}
    environ["PATH"] = f"{airflow.parent}:{environ['PATH']}"
    process = subprocess.Popen(
        [airflow, SCRIPT, DAG],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    lines, tasks = follow(process, progress)
    return finished(process.returncode, tasks, lines)


def main() -> int:
    """Run the demo, and return the exit code."""
    return report(lambda: (demo(), ""))


if __name__ == "__main__":
    sys.exit(main())
