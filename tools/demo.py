"""The whole of the project at work: build `examples/quickstart` with PYENV, run its DAG, show what ran where.

Run as a module: `python -m tools.demo`. It ends with one line, `demo: ok` or `demo: <the reason>`.
"""

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from tools import base_images, build_image, dag_runs, engine, wheels
from tools.dag_runs import Task
from tools.state import ROOT, Unavailable, folder, say

EXAMPLE = ROOT / "examples/quickstart"
DAG = "quickstart"
IMAGE = "pyenv-quickstart:dev"
COLUMNS = ("task", "Python", "interpreter", "result")


class NoEngine(Unavailable):
    """There is no engine, and none can be brought up."""


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step, and say how long it took."""
    say(f"\n== {title}")
    started = time.monotonic()
    yield
    say(f"-- {time.monotonic() - started:.1f} s")


def demo() -> list[Task]:
    """Do all of it.

    Raises:
        Unavailable: a part of it failed; the text says which and why.
    """
    with step("a Docker engine"):
        try:
            docker = engine.up()
        except Unavailable as reason:
            raise NoEngine(str(reason)) from reason
        say(f"Docker {docker.version()}" + (", brought up by `make engine`" if docker.ours else ""))
    with step("base images"):
        for name, state in base_images.ensure(docker, *_bases()).items():
            say(f"{name}  {state}")
    with step(f"the frontend, {build_image.FRONTEND}, and the provider's wheel"):
        build_image.build_frontend(docker)
        wheel = wheels.provider_wheel()
    with step(f"docker buildx build {EXAMPLE.relative_to(ROOT)}"):
        command = ["docker", "buildx", "build", "--network=host", f"--build-context=provider={wheel}", f"--tag={IMAGE}"]
        done = subprocess.run([*command, str(EXAMPLE)], env=docker.environment(), stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise Unavailable(f"the build failed with code {done.returncode}: its message is above")
    with step(f"airflow dags test {DAG}, in that image"):
        run = dag_runs.run_dag(docker, IMAGE, DAG, timeout=600, heard=progress)
    return finished(run.code, run.tasks, run.log)


def finished(code: int, tasks: Sequence[Task], text: str) -> list[Task]:
    """Keep the log of a run, and return its tasks.

    Raises:
        Unavailable: not all of them ended well.
    """
    log = folder() / "demo.log"
    log.write_text(text)
    failed = [task.name for task in tasks if task.state != "success"]
    if code or failed or not tasks:
        say("\n".join(text.splitlines()[-40:]))
        raise Unavailable(f"the DAG failed ({', '.join(failed) or f'code {code}'}): all of its log is in {log}")
    return list(tasks)


def table(tasks: list[Task]) -> str:
    """Return the tasks as a table: one line each, and more where a result has more."""
    rows = [COLUMNS]
    for task in tasks:
        value = task.value
        first, *more = str(value["result"]).splitlines()
        rows.append((task.name, value["python"], value["interpreter"], first))
        rows += [("", "", "", line) for line in more]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _bases() -> list[str]:
    """Return the images that the example's Dockerfile starts from and takes interpreters from."""
    text = (EXAMPLE / "Dockerfile").read_text()
    versions = re.findall(r"^PYENV (\S+)", text, re.MULTILINE)
    return re.findall(r"^FROM (\S+)", text, re.MULTILINE) + [f"python:{version}-slim-bookworm" for version in versions]


def progress(line: str) -> None:
    """Show of Airflow's log when a task begins, what it printed, and what went wrong."""
    if started := re.search(r"\[DAG TEST\] starting task_id=(\S+)", line):
        say(f"task {started[1]}")
    elif "error" in line[:60] or "Traceback" in line:
        say(f"  {line}")


def report(work: Callable[[], list[Task]]) -> int:
    """Do the work of a demo and print what came of it; returns the exit code."""
    try:
        tasks = work()
    except Unavailable as reason:
        print(f"\ndemo: {reason}")
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted")
        return 130
    print(f"\n{table(tasks)}\n\ndemo: ok")
    return 0


def somewhere() -> list[Task]:
    """Run the demo on an engine or, where there is none and none can be brought up, without one."""
    try:
        return demo()
    except NoEngine as reason:
        say(f"{reason}\n\nThere is no Docker engine here, so this is the demo without one (`make demo-local`).")
        from tools import demo_local

        return demo_local.demo()


def main() -> int:
    """Run the demo; the exit code says whether it worked."""
    return report(somewhere)


if __name__ == "__main__":
    sys.exit(main())
