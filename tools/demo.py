"""Demonstrate the project: build `examples/quickstart` with PYENV, run its DAG, and show which Python ran each task.

Run as a module: `python -m tools.demo`. The last line is `demo: ok` or `demo: <reason>`.
"""

import re
import subprocess
import sys

from tools import base_images, build_image, dag_runs, demo_local, engine, wheels
from tools.dag_runs import Task
from tools.demo_steps import DAG, EXAMPLE, finished, progress, report, step
from tools.state import ROOT, Unavailable, say

IMAGE = "pyenv-quickstart:dev"


class NoEngine(Unavailable):
    """There is no engine, and none can be started."""


def demo() -> list[Task]:
    """Run the demo on an engine, and return the outcomes of the DAG's tasks.

    Raises:
        NoEngine: there is no engine, and none can be started.
        Unavailable: a step failed. The text says which one and why.
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


def _bases() -> list[str]:
    """Return the base image of the example's Dockerfile and the images of its interpreters."""
    text = (EXAMPLE / "Dockerfile").read_text()
    versions = re.findall(r"^PYENV (\S+)", text, re.MULTILINE)
    return re.findall(r"^FROM (\S+)", text, re.MULTILINE) + [f"python:{version}-slim-bookworm" for version in versions]


def somewhere() -> tuple[list[Task], str]:
    """Run the demo on an engine, or without one if none can be started.

    Returns:
        The outcomes of the DAG's tasks, and a hint what to do next, which may be empty.
    """
    try:
        return demo(), what_next()
    except NoEngine as reason:
        say(f"{reason}\n\nThere is no Docker engine here, so this is the demo without one (`make demo-local`).")
        return demo_local.demo(), ""


def what_next() -> str:
    """Return a hint how to use the engine in a shell; empty if the user's shell has it already."""
    docker = engine.find()
    return docker.hint(f"docker run --rm --network=host {IMAGE} bash -c 'airflow-venv list'") if docker else ""


def main() -> int:
    """Run the demo, and return the exit code."""
    return report(somewhere)


if __name__ == "__main__":
    sys.exit(main())
