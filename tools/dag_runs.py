"""Runs of a DAG in an image, with Airflow on its embedded database."""

import contextlib
import dataclasses
import json
import subprocess
import threading
from collections.abc import Callable
from typing import Any

from tools.engine import Engine
from tools.run_dag import COMPILED, MARK
from tools.state import ROOT, Unavailable, folder

__all__ = ["DagRun", "Task", "follow", "run_dag"]

SCRIPT = ROOT / "tools/run_dag.py"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What became of one task."""

    name: str
    state: str
    value: Any
    """What it returned, in JSON's forms; others as their text."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DagRun:
    """What became of a run."""

    code: int
    """0 if every task ended well."""
    tasks: tuple[Task, ...]
    """In the order in which they ended."""
    log: str
    """Airflow's log of all tasks."""

    def value(self, task: str) -> Any:
        """Return what a task returned."""
        return next(one.value for one in self.tasks if one.name == task)


def run_dag(
    engine: Engine,
    image: str,
    dag: str,
    *options: str,
    timeout: float = 300,
    heard: Callable[[str], None] = lambda _: None,
) -> DagRun:
    """Run a DAG that an image has in its DAG folder.

    Args:
        engine: where the image is.
        image: its name.
        dag: the DAG's id.
        options: further options of `docker run`.
        timeout: in seconds; then the container is ended and what it said is returned, with code 124.
        heard: is called with each line of Airflow's log as it comes.
    """
    # Airflow images have no byte code; what one run compiles, the next one finds, in whatever image on the same base.
    compiled = folder("pycache", _base(engine, image))
    compiled.chmod(0o777)  # the image's user is not ours
    name = f"pyenv-run-{dag}-{threading.get_ident()}"
    command = [
        "docker",
        "run",
        "--rm",
        "--init",
        f"--name={name}",
        "--network=host",
        f"--volume={SCRIPT}:/rundag.py:ro",
    ]
    command += [f"--volume={compiled}:{COMPILED}", *options]
    process = subprocess.Popen(
        [*command, image, "python", "/rundag.py", dag],
        env=engine.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    timer = threading.Timer(timeout, lambda: _end(engine, name))
    timer.start()
    log, tasks = follow(process, heard)
    code = process.returncode
    late = not timer.is_alive()
    timer.cancel()
    return DagRun(code=124 if late else code, tasks=tuple(tasks), log=log)


def _base(engine: Engine, image: str) -> str:
    """Return what an image says of the Airflow and the Python in it, as the name of a folder."""
    variables = json.loads(engine.run("image", "inspect", "--format", "{{json .Config.Env}}", image))
    known = dict(variable.split("=", 1) for variable in variables)
    names = ("AIRFLOW_VERSION", "ASTRONOMER_RUNTIME_VERSION", "PYTHON_VERSION")
    return "-".join(["airflow", *(known[name] for name in names if name in known)])


def follow(process: subprocess.Popen[str], heard: Callable[[str], None]) -> tuple[str, list[Task]]:
    """Read what `rundag.py` writes to its end: the log, each line of which is passed on, and the tasks."""
    lines: list[str] = []
    tasks: list[Task] = []
    with process:
        for line in process.stdout or ():
            if line.startswith(MARK):
                outcome = json.loads(line.removeprefix(MARK))
                tasks.append(Task(name=outcome["task"], state=outcome["state"], value=outcome["value"]))
            else:
                lines.append(line)
                heard(line.rstrip("\n"))
    return "".join(lines), tasks


def _end(engine: Engine, name: str) -> None:
    with contextlib.suppress(Unavailable):  # it may have ended by itself at that very moment
        engine.run("kill", name, timeout=30)
