"""Measure locks: how long they take to make and check, and builds of locked environments against unlocked ones.

Locks are made with the indexes of this machine. Builds install generated wheels from an index on 127.0.0.1, so that
both sides take the same files: four environments below which an instruction changes, and a large one of which a small
requirement changes. Bytes are those that a registry receives.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.environments import BASE, FOUR, Environments, Side, ours
from bench.harness import Row, seconds
from tests.support import services
from tools import base_images, build_image, engine, interpreters
from tools.files import write_files

PROGRAM = Path(sys.executable).with_name("pyenv-frontend")
TIMES = 5
SMALL, LARGE, MB = 20, 10, 1 << 20
"""Wheels of an environment, and large ones of the large environment."""

LARGE_SIZE = 80
"""Megabytes of a large wheel."""

UNLOCKED = "the same without locks"


def rows() -> Iterator[Row]:
    """Measure locks, then builds on both kinds of image stores."""
    yield from _locking()
    small = {
        f"small{number}": services.wheel(f"small{number}", "1.0", _data(f"small{number}", 1)) for number in range(SMALL)
    }
    large = {
        f"large{number}": services.wheel(f"large{number}", "1.0", _data(f"large{number}", LARGE_SIZE))
        for number in range(LARGE)
    }
    wheels = {services.wheel_file(name, "1.0"): wheel for name, wheel in (small | large).items()}
    with services.package_index(wheels) as index:
        four = tuple((version, name, "".join(f"{wheel}\n" for wheel in small)) for version, name, _ in FOUR)
        for flavour, how in (("docker", "classic store"), ("docker-28-containerd", "containerd store")):
            where = _engine(flavour)
            yield from _changed_below(where, four, index, how)
        yield from _edited(where, (("3.9", "large", "".join(f"{name}\n" for name in (*large, *small))),), index)


def _data(name: str, megabytes: int) -> dict[str, str]:
    """Return a package whose wheel has about this size."""
    return {f"{name}/__init__.py": "", f"{name}/data.txt": os.urandom(megabytes * MB * 8 // 9).hex()}


def _engine(flavour: str) -> engine.Engine:
    where = engine.up(flavour)
    base_images.ensure(where, BASE, *(f"python:{version}-slim-bookworm" for version, _, _ in FOUR))
    build_image.build_frontend(where)
    return where


def _lock(folder: Path, arguments: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> None:
    """Run `pyenv-frontend lock` in a folder."""
    path = f"{interpreters.uv().parent}:{os.environ['PATH']}"
    command = [str(PROGRAM), "lock", "--base-suite=bookworm", *arguments]
    environ = {**os.environ, "PATH": path, **(environ or {})}
    subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True)


def _locking() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "context")
        write_files(folder, {"Dockerfile": ours(FOUR), **{f"{name}.txt": text for _, name, text in FOUR}})
        environ = {"UV_CACHE_DIR": f"{scratch}/cache"}
        cold = seconds(lambda: _lock(folder, environ=environ))
        warm = statistics.median(seconds(lambda: _lock(folder, environ=environ)) for _ in range(TIMES))
        check = statistics.median(seconds(lambda: _lock(folder, ["--check"])) for _ in range(TIMES))
    for what, value, how, aim in (
        ("4 locks, cold", cold, "with an empty cache of uv", "15 s"),
        ("4 locks, warm", warm, "again, with nothing changed", "2 s"),
        ("check of 4 locks", check, "without a network", "0.1 s"),
    ):
        yield Row(what=what, ours=value, theirs=0, against=how, unit="s", aim=aim)


def _changed_below(where: engine.Engine, environments: Environments, index: str, how: str) -> Iterator[Row]:
    """Measure a build after an instruction above the PYENVs has changed."""
    locked, unlocked = (_side(where, environments, index, lock=lock) for lock in (True, False))
    times = []
    for side in (locked, unlocked):
        side.build()
        file = side.folder / "Dockerfile"
        file.write_text(file.read_text().replace("PYENV", f"RUN echo {uuid.uuid4()}\nPYENV", 1))
        times.append(seconds(side.build))
        side.remove()
    what = f"4 locked environments, an instruction above changed, {how}"
    yield Row(what=what, ours=times[0], theirs=times[1], against=UNLOCKED, unit="s", aim="at least 5x faster")


def _edited(where: engine.Engine, environments: Environments, index: str) -> Iterator[Row]:
    """Measure time and bytes of a push after a small requirement of a large environment has changed."""
    times, sent = [], []
    for lock in (True, False):
        with tempfile.TemporaryDirectory() as scratch, services.registry(Path(scratch)) as registry:
            side = _side(where, environments, index, lock=lock)
            push = f"--output=type=image,push=true,name={registry}/large:1"
            side.build(push)
            before = _size(Path(scratch))
            file = side.folder / "large.txt"
            file.write_text(file.read_text().replace("small1\n", ""))
            if lock:
                _lock(side.folder, environ={"UV_DEFAULT_INDEX": index})
            times.append(seconds(lambda side=side, push=push: side.build(push)))  # type: ignore[misc]
            sent.append((_size(Path(scratch)) - before) / 1e6)
    what = f"small requirement of an environment of {LARGE * LARGE_SIZE + SMALL} MB edited and pushed"
    common = {"what": what, "against": UNLOCKED}
    yield Row(ours=times[0], theirs=times[1], unit="s", aim="at least 4x faster", **common)
    yield Row(ours=sent[0], theirs=sent[1], unit="MB", aim="at least 4x smaller", **common)


def _side(where: engine.Engine, environments: Environments, index: str, *, lock: bool) -> Side:
    """Prepare builds of environments, with locks or without."""
    first, base, rest = ours(environments).split("\n", 2)
    text = "\n".join((first, base, f"ENV UV_DEFAULT_INDEX={index}", rest))
    side = Side(where, text, environments, export=False)
    if lock:
        _lock(side.folder, environ={"UV_DEFAULT_INDEX": index})
    return side


def _size(folder: Path) -> int:
    """Return the size of the files of a registry."""
    return sum(path.stat().st_size for path in folder.rglob("data") if path.is_file())
