"""Run a DAG in an image, with Airflow on its embedded database."""

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
    """Outcome of one task."""

    name: str
    state: str
    """State of the task instance in Airflow, such as `success`."""
    value: Any
    """Return value; values that JSON cannot represent are converted to text."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DagRun:
    """Outcome of a run."""

    code: int
    """Exit code; 0 if every task succeeded or was skipped."""
    tasks: tuple[Task, ...]
    """Outcomes of the tasks, in the order in which they ended."""
    log: str
    """Airflow's log of all tasks."""

    def value(self, task: str) -> Any:
        """Return the return value of a task."""
        return next(one.value for one in self.tasks if one.name == task)


def run_dag(
    engine: Engine,
    image: str,
    dag: str,
    *options: str,
    timeout: float = 300,
    heard: Callable[[str], None] = lambda _: None,
) -> DagRun:
    """Run a DAG of an image's DAG folder.

    Args:
        engine: the engine that has the image.
        image: the name of the image.
        dag: the ID of the DAG.
        options: further options of `docker run`.
        timeout: the number of seconds after which the container is killed. The result then has the code 124 and the
            outcomes and log so far.
        heard: a function that is called with each line of Airflow's log.
    """
    # Airflow's images have no byte code. It is kept for later runs of images with the same Airflow and Python.
    compiled = folder("pycache", _base(engine, image))
    compiled.chmod(0o777)  # writable for the image's user
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
    """Return a folder name with the versions of Airflow and Python that an image declares in its variables."""
    variables = json.loads(engine.run("image", "inspect", "--format", "{{json .Config.Env}}", image))
    known = dict(variable.split("=", 1) for variable in variables)
    names = ("AIRFLOW_VERSION", "ASTRONOMER_RUNTIME_VERSION", "PYTHON_VERSION")
    return "-".join(["airflow", *(known[name] for name in names if name in known)])


def follow(process: subprocess.Popen[str], heard: Callable[[str], None]) -> tuple[str, list[Task]]:
    """Read the output of `run_dag.py` until it ends.

    Args:
        process: the process, with its output in a pipe.
        heard: a function that is called with each line of the log.

    Returns:
        The log and the outcomes of the tasks.
    """
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
    with contextlib.suppress(Unavailable):  # the container may have just ended by itself
        engine.run("kill", name, timeout=30)
