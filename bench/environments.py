"""Environments against the original's expansion of the same Dockerfile: cold, after an edit, and in size.

The original (astro-provider-venv) turns each PYENV into five COPYs, ldconfig, `python -m venv` and pip, one after the
other in one chain; that is written out here as a plain Dockerfile. Both build on the same base, on the same engine, and
each cold build with cache mounts of its own that nobody has filled.

Stores of images keep a layer by all that is below it, so an engine writes the layers above a changed one again, or
unpacks them again, whoever built them. What that costs is in the rows with export, and not in those without.
"""

import os
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from bench.harness import Row, seconds
from tools import base_images, build_image, engine
from tools.files import write_files

BASE = "apache/airflow:3.3.2-python3.12"
FOUR = (
    ("3.9", "frames", "pandas\npyarrow\n"),
    ("3.10", "dbt", "dbt-core==1.9.*\ndbt-postgres==1.9.*\n"),
    ("3.11", "learn", "scikit-learn\nmatplotlib\n"),
    ("3.13", "snow", "snowflake-connector-python[pandas]\nsqlalchemy\n"),
)
ORIGINAL = "the original's expansion"
COLD, EDITED = "at least 2.5x faster", "at least 25x faster"
Environments = tuple[tuple[str, str, str], ...]


def ours(environments: Environments) -> str:
    """Return the Dockerfile with PYENV."""
    lines = [f"PYENV {version} {name} {name}.txt\n" for version, name, _ in environments]
    return f"# syntax={build_image.FRONTEND}\nFROM {BASE}\n{''.join(lines)}"


def theirs(environments: Environments) -> str:
    """Return what the original makes of it, for the user that this base has."""
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

    def __init__(self, where: engine.Engine, dockerfile: str, environments: Environments, *, export: bool) -> None:
        self.where, self.export = where, export
        self.tag = f"pyenv-bench:{uuid.uuid4().hex[:8]}"
        self.folder = Path(tempfile.mkdtemp(prefix="pyenv-bench-"))
        mounts = f"--build-arg=BUILDKIT_CACHE_MOUNT_NS={uuid.uuid4().hex}"
        output = f"--tag={self.tag}" if export else "--output=type=cacheonly"
        self.command = ["docker", "buildx", "build", "--quiet", "--network=host", mounts, output]
        write_files(self.folder, {"Dockerfile": dockerfile, **{f"{n}.txt": t for _, n, t in environments}})

    def build(self, *arguments: str) -> None:
        """Build it; a build that fails ends the benchmark."""
        env = {**os.environ, **self.where.env}
        command = [*self.command, *arguments, str(self.folder)]
        subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)

    def cold(self) -> float:
        """Seconds of a build that finds nothing cached."""
        return seconds(lambda: self.build("--no-cache"))

    def after_edit(self, name: str) -> float:
        """Seconds of a build after one requirements file was edited, as no one has before."""
        with (self.folder / f"{name}.txt").open("a") as file:
            file.write(f"six\n# {uuid.uuid4()}\n")
        return seconds(self.build)

    def size(self) -> float:
        """Megabytes of the image, uncompressed."""
        return int(self.where.run("image", "inspect", "--format", "{{.Size}}", self.tag)) / 1e6

    def remove(self) -> None:
        """Take the image's name away, if it has one."""
        if self.export:
            self.where.run("image", "rm", "--force", self.tag)


def rows() -> Iterator[Row]:
    """As `docker build` does it, on the classic store; then the building alone, on a store that merges."""
    yield from _with_export(_engine("docker"))
    yield from _without_export(_engine("docker-28-containerd"))


def _engine(flavour: str) -> engine.Engine:
    where = engine.up(flavour)
    base_images.ensure(where, BASE, *(f"python:{version}-slim-bookworm" for version, _, _ in FOUR))
    build_image.build_frontend(where)
    return where


def _with_export(where: engine.Engine) -> Iterator[Row]:
    """Cold, after an edit and in size: until the image is there to run. Layers above a changed one are stored anew."""
    us, them = (Side(where, text(FOUR), FOUR, export=True) for text in (ours, theirs))
    yield from _cold_and_edited(us, them, "classic store")
    sizes = {"ours": us.size(), "theirs": them.size()}
    yield Row(what="image with 4 environments", against=ORIGINAL, unit="MB", aim="at most 0.9x", **sizes)
    us.remove()
    them.remove()


def _without_export(where: engine.Engine) -> Iterator[Row]:
    """Cold and after an edit, until everything is built. Layers are merged, and none of another environment is made."""
    us, them = (Side(where, text(FOUR), FOUR, export=False) for text in (ours, theirs))
    yield from _cold_and_edited(us, them, "before export")


def _cold_and_edited(us: Side, them: Side, how: str) -> Iterator[Row]:
    """Both sides cold, and after the first requirements file was edited; ours also with fewer and more environments."""
    common = {"against": ORIGINAL, "unit": "s"}
    yield Row(what=f"4 environments, cold, {how}", ours=us.cold(), theirs=them.cold(), aim=COLD, **common)
    edited = us.after_edit("frames")
    yield Row(what=f"the first of 4 edited, {how}", ours=edited, theirs=them.after_edit("frames"), aim=EDITED, **common)
    for count in (2, 8):
        many = tuple((version, f"{name}{number}", text) for number in range(2) for version, name, text in FOUR)[:count]
        side = Side(us.where, ours(many), many, export=us.export)
        side.build()
        what = f"the first of {count} edited, {how}"
        yield Row(what=what, ours=side.after_edit(many[0][1]), theirs=edited, against="with 4", unit="s", aim="flat")
        side.remove()
