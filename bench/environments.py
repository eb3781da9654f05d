"""Compare environments with the original's expansion of the same Dockerfile: cold, after an edit, and in size.

The original (astro-provider-venv) turns each PYENV into five COPY instructions, ldconfig, `python -m venv` and pip, all
in a single chain, which is written here as a plain Dockerfile. Both are built on the same base and the same engine, and
each cold build has empty cache mounts of its own.

An image store identifies a layer by all layers below it. After a change, the engine therefore writes or unpacks all
layers above the changed one again, however they were built. The rows with export include this time, those without do
not.
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
    """Return the Dockerfile with PYENV instructions."""
    lines = [f"PYENV {version} {name} {name}.txt\n" for version, name, _ in environments]
    return f"# syntax={build_image.FRONTEND}\nFROM {BASE}\n{''.join(lines)}"


def theirs(environments: Environments) -> str:
    """Return the original's expansion of the same instructions, for the user of the base image."""
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
    """One side of the comparison: a Dockerfile in a folder, and builds of it.

    Args:
        where: the engine that builds it.
        dockerfile: the text of the Dockerfile.
        environments: version, name and requirements of each environment.
        export: whether the image is stored.
    """

    def __init__(self, where: engine.Engine, dockerfile: str, environments: Environments, *, export: bool) -> None:
        self.where, self.export = where, export
        self.tag = f"pyenv-bench:{uuid.uuid4().hex[:8]}"
        self.folder = Path(tempfile.mkdtemp(prefix="pyenv-bench-"))
        mounts = f"--build-arg=BUILDKIT_CACHE_MOUNT_NS={uuid.uuid4().hex}"
        output = f"--tag={self.tag}" if export else "--output=type=cacheonly"
        self.command = ["docker", "buildx", "build", "--quiet", "--network=host", mounts, output]
        write_files(self.folder, {"Dockerfile": dockerfile, **{f"{n}.txt": t for _, n, t in environments}})

    def build(self, *arguments: str) -> None:
        """Build it with further arguments. Raises CalledProcessError if the build fails."""
        env = {**os.environ, **self.where.env}
        command = [*self.command, *arguments, str(self.folder)]
        subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)

    def seconds(self, *arguments: str) -> float:
        """Return the seconds of a build; what earlier ones have left to be written to the disk is written before."""
        os.sync()
        return seconds(lambda: self.build(*arguments))

    def cold(self) -> float:
        """Return the seconds of a build without any cache."""
        return self.seconds("--no-cache")

    def after_edit(self, name: str) -> float:
        """Return the seconds of a build after an edit of one requirements file that is in no cache."""
        with (self.folder / f"{name}.txt").open("a") as file:
            file.write(f"six\n# {uuid.uuid4()}\n")
        return self.seconds()

    def size(self) -> float:
        """Return the size of the uncompressed image in megabytes."""
        return int(self.where.run("image", "inspect", "--format", "{{.Size}}", self.tag)) / 1e6

    def remove(self) -> None:
        """Remove the image if it was stored."""
        if self.export:
            self.where.run("image", "rm", "--force", self.tag)


def rows() -> Iterator[Row]:
    """Measure builds with export to the classic image store, then builds without export on containerd's store."""
    yield from _with_export(prepared_engine("docker"))
    yield from _without_export(prepared_engine("docker-28-containerd"))


def prepared_engine(flavour: str) -> engine.Engine:
    """Bring up an engine with the frontend and the base images of the four environments."""
    where = engine.up(flavour)
    base_images.ensure(where, BASE, *(f"python:{version}-slim-bookworm" for version, _, _ in FOUR))
    build_image.build_frontend(where)
    return where


def _with_export(where: engine.Engine) -> Iterator[Row]:
    """Measure cold builds, builds after an edit and sizes. A build ends when the image is stored."""
    us, them = (Side(where, text(FOUR), FOUR, export=True) for text in (ours, theirs))
    yield from _cold_and_edited(us, them, "classic store")
    sizes = {"ours": us.size(), "theirs": them.size()}
    yield Row(what="image with 4 environments", against=ORIGINAL, unit="MB", aim="at most 0.9x", **sizes)
    us.remove()
    them.remove()


def _without_export(where: engine.Engine) -> Iterator[Row]:
    """Measure cold builds and builds after an edit, without storing an image.

    The engine merges layers, so an edit does not rebuild the layers of other environments.
    """
    us, them = (Side(where, text(FOUR), FOUR, export=False) for text in (ours, theirs))
    yield from _cold_and_edited(us, them, "before export")


def _cold_and_edited(us: Side, them: Side, how: str) -> Iterator[Row]:
    """Measure both sides cold and after an edit of the first requirements file.

    PYENV is also measured after an edit with fewer and with more environments.
    """
    common = {"against": ORIGINAL, "unit": "s"}
    us.cold()  # not measured: the first build reads the base images from the disk
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
