"""Environments against the original's expansion of the same Dockerfile: cold, after an edit, and in size.

The original (astro-provider-venv) turns each PYENV into five COPYs, ldconfig, `python -m venv` and pip, one after the
other in one chain; that is written out here as a plain Dockerfile. Both build on the same base, on the same engine, and
each cold build with cache mounts of its own that nobody has filled.
"""

import os
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from bench.harness import Row, seconds
from tests.support import builds, engine, images

BASE = "apache/airflow:3.3.2-python3.12"
FOUR = (
    ("3.9", "frames", "pandas\npyarrow\n"),
    ("3.10", "dbt", "dbt-core==1.9.*\ndbt-postgres==1.9.*\n"),
    ("3.11", "learn", "scikit-learn\nmatplotlib\n"),
    ("3.13", "snow", "snowflake-connector-python[pandas]\nsqlalchemy\n"),
)
ORIGINAL = "the original's expansion"
FLAVOUR = os.environ.get("PYENV_ENGINE", "docker")

Environments = tuple[tuple[str, str, str], ...]


def ours(environments: Environments) -> str:
    """The Dockerfile with PYENV."""
    lines = [f"PYENV {version} {name} {name}.txt\n" for version, name, _ in environments]
    return f"# syntax={builds.FRONTEND}\nFROM {BASE}\n{''.join(lines)}"


def theirs(environments: Environments) -> str:
    """What the original makes of it, for the user that this base has."""
    lines, copied = [f"FROM {BASE}\nUSER airflow\n"], set()
    for version, name, _ in environments:
        if version not in copied:
            copied.add(version)
            source = f"COPY --link --from=python:{version}-slim-bookworm /usr/local"
            lines.append(
                f"USER root\n{source}/bin/*{version}* /usr/local/bin/\n"
                f"{source}/include/python{version}* /usr/local/include/python{version}/\n"
                f"{source}/lib/pkgconfig/*{version}* /usr/local/lib/pkgconfig/\n"
                f"{source}/lib/*{version}*.so* /usr/local/lib/\n"
                f"{source}/lib/python{version} /usr/local/lib/python{version}/\n"
                "RUN /sbin/ldconfig /usr/local/lib\nUSER airflow\n"
            )
        home = f"/home/airflow/.venv/{name}"
        lines.append(
            f"RUN mkdir -p {home}\nCOPY {name}.txt {home}/requirements.txt\n"
            f"RUN /usr/local/bin/python{version} -m venv {home}\n"
            f"ENV ASTRO_PYENV_{name}={home}/bin/python\n"
            "RUN --mount=type=cache,uid=50000,gid=0,target=/home/airflow/.cache/pip "
            f"{home}/bin/pip --cache-dir=/home/airflow/.cache/pip install -r {home}/requirements.txt\n"
        )
    return "".join(lines)


class Side:
    """One of the two: a folder, and builds of it."""

    def __init__(self, where: engine.Engine, dockerfile: str, environments: Environments) -> None:
        self.where = where
        self.tag = f"pyenv-bench:{uuid.uuid4().hex[:8]}"
        self.folder = Path(tempfile.mkdtemp(prefix="pyenv-bench-"))
        self.mounts = f"--build-arg=BUILDKIT_CACHE_MOUNT_NS={uuid.uuid4().hex}"
        builds.write_files(self.folder, {"Dockerfile": dockerfile, **{f"{n}.txt": t for _, n, t in environments}})

    def build(self, *arguments: str) -> None:
        """Build it; a build that fails ends the benchmark."""
        command = [
            "docker",
            "buildx",
            "build",
            "--quiet",
            "--network=host",
            f"--tag={self.tag}",
            self.mounts,
            *arguments,
        ]
        env = {**os.environ, **self.where.env}
        subprocess.run([*command, str(self.folder)], env=env, check=True, stdout=subprocess.DEVNULL)

    def edit(self, name: str) -> None:
        """Edit one requirements file, as no one has before."""
        with (self.folder / f"{name}.txt").open("a") as file:
            file.write(f"six\n# {uuid.uuid4()}\n")

    def after_edit(self, name: str) -> float:
        """Seconds of a build after an edit."""
        self.edit(name)
        return seconds(self.build)

    def size(self) -> float:
        """Megabytes of the image, uncompressed."""
        return int(self.where.run("image", "inspect", "--format", "{{.Size}}", self.tag)) / 1e6

    def remove(self) -> None:
        """Take the image's name away."""
        self.where.run("image", "rm", "--force", self.tag)


def rows() -> Iterator[Row]:
    """Cold, after an edit, in size; and after an edit with two and with eight environments."""
    where = engine.up(FLAVOUR)
    images.ensure(where, BASE, *(f"python:{version}-slim-bookworm" for version, _, _ in FOUR))
    builds.build_frontend(where)
    us, them = Side(where, ours(FOUR), FOUR), Side(where, theirs(FOUR), FOUR)
    store = "containerd store" if "containerd" in FLAVOUR else "classic store"
    common = {"against": ORIGINAL, "unit": "s"}
    cold = seconds(lambda: us.build("--no-cache")), seconds(lambda: them.build("--no-cache"))
    yield Row(what=f"4 environments, cold, {store}", ours=cold[0], theirs=cold[1], aim="at least 2.5x faster", **common)
    edited = us.after_edit("frames"), them.after_edit("frames")
    yield Row(
        what=f"the first of 4 edited, {store}", ours=edited[0], theirs=edited[1], aim="at least 25x faster", **common
    )
    yield Row(
        what="image with 4 environments",
        ours=us.size(),
        theirs=them.size(),
        against=ORIGINAL,
        unit="MB",
        aim="at most 0.9x",
    )
    us.remove()
    them.remove()
    for count in (2, 8):
        many = tuple((version, f"{name}{number}", text) for number in range(2) for version, name, text in FOUR)[:count]
        side = Side(where, ours(many), many)
        side.build()
        what = f"the first of {count} edited, {store}"
        yield Row(what=what, ours=side.after_edit(many[0][1]), theirs=edited[0], against="with 4", unit="s", aim="flat")
        side.remove()
