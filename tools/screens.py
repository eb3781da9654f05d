"""Record the terminals that the documentation shows, from real runs (`make screens SCREENS="build task"`, or all).

This needs an engine, base images and a package index. Names of this machine in a picture are an error.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools import base_images, build_image, draw, engine, interpreters, wheels
from tools.files import write_files
from tools.record import Recorder
from tools.state import ROOT, folder, run

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS = re.compile(r"\b\d+\.\d+\.\d+\.\d+\b|https?://(?!www\.w3\.org/2000/svg)[^\s<\"]+|/(?:root|work|tmp)/\S+")
SCREENS = ROOT / "docs/assets"
AIRFLOW = "apache/airflow:3.3.2-python3.12"
IMAGE = "shop"
PROGRAM = ROOT / ".venv/bin/pyenv-frontend"

DOCKERFILE = """\
# syntax=pyenv-frontend:dev
FROM apache/airflow:3.3.2-python3.12
RUN --mount=from=provider,target=/provider pip install --quiet --no-cache-dir /provider/airflow*.whl
PYENV 3.9 report report.txt
PYENV 3.11 learn learn.txt
PYENV 3.13 tiny
COPY dags dags
"""
DAG = """\
from airflow.sdk import dag, task


@dag(schedule=None, catchup=False)
def shop():
    @task.venv("report")
    def totals(sales, ti):
        import sys

        import pandas as pd
        from airflow_venv import log

        print(f"{ti.dag_id}.{ti.task_id} on Python {sys.version.split()[0]} with pandas {pd.__version__}")
        sold = pd.DataFrame(sales).groupby("town").sum()["sold"].to_dict()
        log.warning("%d towns, and none of them Rome", len(sold))
        return sold

    @task.venv("learn")
    def forecast(sold):
        return sold["Oslo"] / sold["Rome"]

    forecast(totals([{"town": "Oslo", "sold": 3}, {"town": "Lima", "sold": 5}, {"town": "Oslo", "sold": 4}]))


shop()
"""
FILES = {
    "Dockerfile": DOCKERFILE,
    "report.txt": "pandas==2.2.3\n",
    "learn.txt": "scikit-learn==1.5.2\n",
    "dags/shop.py": DAG,
}
FOUR = (
    ("3.9", "frames", "pandas==2.2.3\n"),
    ("3.10", "dbt", "dbt-core==1.9.4\n"),
    ("3.11", "learn", "scikit-learn==1.5.2\n"),
    ("3.12", "snow", "snowflake-connector-python==3.15.0\n"),
)
"""Version, name and requirements of each environment in the picture of the graph."""

CHECKED = """\
# syntax=pyenv-frontend:dev
FROM apache/airflow:3.3.2-python3.12
PYENV report 3.9 report.txt
PYENV --instaler=pip 3.11 learn learn.txt
PYENV 3.8 old <<EOF
pandas
EOF
"""


class Stage:
    """A project in a folder of its own, and an engine that builds it.

    Args:
        scratch: an existing folder, in which the project's folder is created.
    """

    def __init__(self, scratch: Path) -> None:
        self.project = scratch / "shop"
        write_files(self.project, FILES)
        self.docker = engine.up()

    def build(self, recorder: Recorder, *arguments: str, code: int = 0) -> None:
        """Record a build of the project with `docker buildx build`.

        Args:
            recorder: the recorder.
            arguments: further arguments of the command, which are not shown.
            code: the expected exit code.
        """
        shown = "docker buildx build --tag shop --build-context provider=dist ."
        command = ["docker", "buildx", "build", "--network=host", f"--build-context=provider={wheels.provider_wheel()}"]
        env = {**self.docker.environment(), "DOCKER_CLI_HINTS": "false"}
        recorder.show(shown, [*command, *arguments, "."], code=code, cwd=self.project, env=env)


def build(stage: Stage) -> Recorder:
    """Record a build with three environments, none of them cached."""
    for name in ("report.txt", "learn.txt"):
        with (stage.project / name).open("a") as file:
            file.write(f"# {os.urandom(8).hex()}\n")
    recorder = Recorder(columns=108)
    stage.build(recorder, f"--tag={IMAGE}")
    return recorder


def failure(stage: Stage) -> Recorder:
    """Record the error of a PYENV whose requirements name a release that does not exist."""
    (stage.project / "report.txt").write_text("pandas==2.2.33\n")
    recorder = Recorder(columns=108)
    stage.build(recorder, code=1)
    return recorder


def llb(stage: Stage) -> str:
    """Draw the graph of a build with four environments, three of them with a Python that the base image lacks."""
    four = [(version, name, f"{name}.txt", packages) for version, name, packages in FOUR]
    lines = [f"PYENV {version} {name} {file}\n" for version, name, file, _ in four]
    text = f"# syntax={build_image.FRONTEND}\nFROM {AIRFLOW}\n{''.join(lines)}COPY dags dags\n"
    write_files(stage.project, {"Dockerfile": text, **{file: packages for _, _, file, packages in four}})
    metadata = stage.project.with_name("metadata.json")
    command = ["docker", "buildx", "build", "--quiet", "--network=host", f"--metadata-file={metadata}", stage.project]
    run(command, env={**stage.docker.environment(), "BUILDX_METADATA_PROVENANCE": "max"}, timeout=1200)
    return draw.graph(json.loads(metadata.read_text()))


def check(stage: Stage) -> Recorder:
    """Record the errors and warnings of `check`, which needs no build."""
    (stage.project / "Dockerfile").write_text(CHECKED)
    recorder = Recorder(columns=104)
    recorder.show("pyenv-frontend check", [PROGRAM, "check"], code=1, cwd=stage.project)
    return recorder


def local(stage: Stage) -> Recorder:
    """Record `local` twice: it creates the environments, then finds them."""
    recorder = Recorder(columns=80, hide={str(stage.project): "/home/you/shop"})
    (stage.project / ".dockerignore").write_text(".pyenv-frontend\n")
    env = {"PATH": f"{interpreters.uv().parent}:{os.environ['PATH']}", "UV_CACHE_DIR": str(stage.project / "cache")}
    for _ in range(2):
        recorder.show("pyenv-frontend local", [PROGRAM, "local"], cwd=stage.project, env=env)
        recorder.say("\n")
    return recorder


def task(stage: Stage) -> Recorder:
    """Record what a task prints and logs, and the error of one that fails."""
    recorder = Recorder(columns=90)
    stage.build(Recorder(), f"--tag={IMAGE}")
    stage.project.chmod(0o777)  # writable for the image's user
    script = "airflow db migrate >/dev/null 2>&1; cd /shop && exec airflow dags test shop >log 2>&1"
    command = [
        "docker",
        "run",
        "--rm",
        "--network=host",
        f"--volume={stage.project}:/shop",
        IMAGE,
        "bash",
        "-c",
        script,
    ]
    env = stage.docker.environment()
    recorder.show("airflow dags test shop >log 2>&1", command, code=1, cwd=stage.project, env=env)
    for reading in (
        "grep '^20.*[[]airflow.task' log | cut -c12-100",
        "sed -n '/Traceback/,/^KeyError/{p;/^KeyError/q}' log | cut -c1-100",
    ):
        recorder.show(reading, ["sh", "-c", reading], cwd=stage.project)
    return recorder


ALL: dict[str, Callable[[Stage], Recorder | str]] = {
    screen.__name__: screen for screen in (build, task, failure, llb, check, local)
}


def strangers(text: str) -> list[str]:
    """Return the texts in a picture that it must not show: names of this machine, addresses and private folders."""
    names = {socket.gethostname(), str(Path.home()), str(ROOT), str(folder()), tempfile.gettempdir()}
    private = {name for name in names if len(name) > 3 and name in text}
    return sorted(private | set(ADDRESS.findall(text)))


def main(names: list[str]) -> int:
    """Record pictures, and return the exit code.

    Args:
        names: the names of the pictures, which are keys of `ALL`; all if empty.
    """
    docker = engine.up()
    base_images.ensure(
        docker, AIRFLOW, *(f"python:{series}-slim-bookworm" for series in ("3.9", "3.10", "3.11", "3.13"))
    )
    build_image.build_frontend(docker)
    for name in names or ALL:
        with tempfile.TemporaryDirectory() as scratch:
            recorded = ALL[name](Stage(Path(scratch)))
        picture = recorded if isinstance(recorded, str) else recorded.svg()
        if private := strangers(picture):
            print(f"screens: {name} shows {', '.join(private)}")
            return 1
        (SCREENS / f"{name}.svg").write_text(picture)
        print(f"docs/assets/{name}.svg  {len(picture) / 1e3:.0f} KB")
    if docker.run("image", "ls", "--quiet", IMAGE):
        docker.run("image", "rm", IMAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
