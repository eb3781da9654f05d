"""Measure fully cached builds and the size of the frontend's image.

The same cached Dockerfile is built with this frontend and with the engine's built-in one, and also with the image of
the official frontend if it can be pulled. A Dockerfile with four environments is compared with the same file without
them, both with this frontend. The time is that of the whole client process.
"""

import gzip
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.harness import Row, seconds
from tools import base_images, build_image, engine
from tools.files import write_files
from tools.state import Unavailable

BASE = "debian:bookworm-slim"
OFFICIAL = "docker/dockerfile:1"
PAIRS = 15
AIRFLOW = "apache/airflow:3.3.2-python3.12"
VERSIONS = ("3.9", "3.10", "3.11", "3.13")
DOCKERFILE = f"FROM {BASE}\n" + "".join(f"RUN echo {number} > /{number}\n" for number in range(8)) + "COPY file /file\n"


def rows() -> Iterator[Row]:
    """Measure cached builds, then sizes."""
    docker = engine.up()
    base_images.ensure(docker, BASE)
    build_image.build_frontend(docker)
    yield from _cached(docker)
    yield from _with_environments(docker)
    yield from _sizes(docker)


def _cached(docker: engine.Engine) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        ours = _builder(docker, Path(scratch, "ours"), f"# syntax={build_image.FRONTEND}\n")
        built_in = _builder(docker, Path(scratch, "built-in"), "")
        times = [(seconds(ours), seconds(built_in)) for _ in range(PAIRS + 1)][1:]  # the first pair fills the cache
        one, other = (1000 * statistics.median(column) for column in zip(*times, strict=True))
        more = f"at most +120 ms ({one - other:+.0f} ms)"
        yield Row(what="cached build", ours=one, theirs=other, against="the built-in frontend", unit="ms", aim=more)
        try:
            docker.run("pull", "--quiet", OFFICIAL, timeout=60)
        except Unavailable:
            return
        official = _builder(docker, Path(scratch, "official"), f"# syntax={OFFICIAL}\n")
        times = [(seconds(ours), seconds(official)) for _ in range(PAIRS + 1)][1:]
        one, other = (1000 * statistics.median(column) for column in zip(*times, strict=True))
        aim = "at most 1.15x slower"
        yield Row(what="cached build", ours=one, theirs=other, against=f"{OFFICIAL}, an image too", unit="ms", aim=aim)


def _with_environments(docker: engine.Engine) -> Iterator[Row]:
    """Measure how much time four environments add to a fully cached build."""
    base_images.ensure(docker, AIRFLOW, *(f"python:{version}-slim-bookworm" for version in VERSIONS))
    instructions = "".join(f"RUN echo {number} > /tmp/{number}\n" for number in range(8)) + "COPY file /file\n"
    environments = "".join(f"PYENV {version} env{number} r{number}.txt\n" for number, version in enumerate(VERSIONS))
    with tempfile.TemporaryDirectory() as scratch:
        syntax, without = f"# syntax={build_image.FRONTEND}\n", f"FROM {AIRFLOW}\n{instructions}"
        ours = _builder(docker, Path(scratch, "with"), syntax, without + environments)
        theirs = _builder(docker, Path(scratch, "without"), syntax, without)
        times = [(seconds(ours), seconds(theirs)) for _ in range(PAIRS + 1)][1:]
    one, other = (1000 * statistics.median(column) for column in zip(*times, strict=True))
    what, against = "cached build with 4 environments", "the same file without them"
    yield Row(what=what, ours=one, theirs=other, against=against, unit="ms", aim="at most 1.1x slower")


def _builder(docker: engine.Engine, folder: Path, syntax: str, text: str = DOCKERFILE) -> Callable[[], None]:
    """Return a function that builds a Dockerfile with a given syntax line, as a user would."""
    requirements = {f"r{number}.txt": "six\n" for number in range(len(VERSIONS))}
    write_files(folder, {"Dockerfile": syntax + text, "file": "content\n", **requirements})
    command = ["docker", "buildx", "build", "--quiet", "--network=host", "--output=type=cacheonly", str(folder)]

    def build() -> None:
        subprocess.run(command, env=docker.environment(), check=True, capture_output=True)

    return build


def _sizes(docker: engine.Engine) -> Iterator[Row]:
    """Measure the size of the frontend's image, compressed with gzip as in a registry."""
    saved = subprocess.run(
        ["docker", "save", build_image.FRONTEND], env=docker.environment(), check=True, capture_output=True
    ).stdout
    whole = len(gzip.compress(saved, 6)) / 1e6
    uv = len(gzip.compress(_tool(docker, "tools/uv"), 6)) / 1e6
    official = "the official one, 28 MB of Go"
    yield Row(
        what="frontend image, compressed, without uv",
        ours=whole - uv,
        theirs=12,
        against=official,
        unit="MB",
        aim="at most 20 MB",
    )
    yield Row(
        what="frontend image, compressed, with uv",
        ours=whole,
        theirs=0,
        against="nothing has it inside",
        unit="MB",
        aim="at most 45 MB",
    )


def _tool(docker: engine.Engine, path: str) -> bytes:
    """Return the content of a file in the frontend's image."""
    with tempfile.TemporaryDirectory() as scratch:
        name = docker.run("create", build_image.FRONTEND).strip()
        try:
            docker.run("cp", f"{name}:/{path}", scratch)
        finally:
            docker.run("rm", name)
        return Path(scratch, Path(path).name).read_bytes()
