"""Measure locks: how long they take to make and check, and builds of locked environments against unlocked ones.

Four environments of real packages, below which an instruction or the base image changes, and a large one of generated
wheels, of which a small requirement changes. But for cold builds, both sides of a row have downloaded before what they
install. Bytes are those that a registry receives. The engines' data grow by 25 GB.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.environments import BASE, FOUR, Side, ours, prepared_engine
from bench.harness import Row, seconds
from tests.support import debian_pythons, services
from tools import engine, interpreters
from tools.files import write_files
from tools.wheels import install, wheel_of

PROGRAMS = Path(sys.executable).parent
TIMES = 5
COLD_PAIRS = 3
SMALL, LARGE, MB = 20, 10, 1 << 20
"""Wheels of the large environment, and large ones among them."""

LARGE_SIZE = 80
"""Megabytes of a large wheel."""

OLDEST, RECENT = f"{sys.version_info[0]}.{sys.version_info[1]}", "3.14"
"""Versions of Python with which the command is measured; the development environment has the oldest one."""

UNLOCKED = "the same without locks, installed again"
OWN_SETTINGS = {"PIP_CONFIG_FILE": os.devnull}
"""Builds do not have this machine's configuration of pip, which may name folders as indexes."""


def rows() -> Iterator[Row]:
    """Measure locks, then builds on both kinds of image stores."""
    yield from _locking()
    for flavour, how in (("docker", "classic store"), ("docker-28-containerd", "containerd store")):
        where = prepared_engine(flavour)
        yield from _cold(where, how)
        yield from _changed_below(where, how)
    yield from _edited(where)


def _data(name: str, megabytes: int) -> dict[str, str]:
    """Return a package whose wheel has about this size."""
    return {f"{name}/__init__.py": "", f"{name}/data.txt": os.urandom(megabytes * MB * 8 // 9).hex()}


def _lock(
    folder: Path, arguments: Sequence[str] = (), environ: Mapping[str, str] | None = None, programs: Path = PROGRAMS
) -> None:
    """Run `pyenv-frontend lock` in a folder."""
    path = f"{interpreters.uv().parent}:{os.environ['PATH']}"
    command = [str(programs / "pyenv-frontend"), "lock", "--base-suite=bookworm", *arguments]
    environ = {**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "", **(environ or {})}
    subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True)


def _locking() -> Iterator[Row]:
    """Measure the installed command, which starts faster than that of a checkout: it has a generated parser.

    A check is measured with the oldest Python that the command is for, and with a recent one: it is little but imports.
    """
    with tempfile.TemporaryDirectory() as scratch:
        wheel = wheel_of("frontend", Path(scratch, "wheel"))
        programs = install(wheel, Path(scratch, "environment"))
        recent = install(wheel, Path(scratch, "recent"), debian_pythons.find(RECENT) / f"bin/python{RECENT}")
        folder = Path(scratch, "context")
        write_files(folder, {"Dockerfile": ours(FOUR), **{f"{name}.txt": text for _, name, text in FOUR}})
        environ = {**OWN_SETTINGS, "UV_CACHE_DIR": f"{scratch}/cache"}

        def lock(*arguments: str, programs: Path = programs) -> float:
            return seconds(lambda: _lock(folder, arguments, environ, programs))

        cold = lock()
        warm = statistics.median(lock() for _ in range(TIMES))
        lock("--check", programs=recent)  # not measured: it writes byte code
        check, check_recent = (
            statistics.median(lock("--check", programs=which) for _ in range(TIMES)) for which in (programs, recent)
        )
    for what, value, how, aim in (
        ("4 locks, cold", cold, "with an empty cache of uv", "15 s"),
        ("4 locks, warm", warm, "again, with nothing changed", "2 s"),
        ("check of 4 locks", check, f"without a network, Python {OLDEST}", "0.1 s"),
        ("check of 4 locks", check_recent, f"without a network, Python {RECENT}", "0.1 s"),
    ):
        yield Row(what=what, ours=value, theirs=0, against=how, unit="s", aim=aim)


def _cold(where: engine.Engine, how: str) -> Iterator[Row]:
    """Measure builds without any cache. Both sides take the whole machine, so a difference is small: several pairs."""
    sides = [Side(where, ours(FOUR), FOUR, export=False) for _ in range(2)]
    _lock(sides[0].folder, environ=OWN_SETTINGS)
    what, against = f"4 locked environments, cold, {how}", "the same without locks"
    for side in sides:
        side.cold()  # not measured: the first build reads the base images from the disk
    pairs = [[side.cold() for side in sides] for _ in range(COLD_PAIRS)]
    locked, unlocked = (statistics.median(times) for times in zip(*pairs, strict=True))
    yield Row(what=what, ours=locked, theirs=unlocked, against=against, unit="s", aim="faster")


def _changed_below(where: engine.Engine, how: str) -> Iterator[Row]:
    """Measure builds and pushes after something below the environments has changed."""
    with tempfile.TemporaryDirectory() as scratch, services.registry(Path(scratch)) as registry:
        sides = [Side(where, ours(FOUR), FOUR, export=False) for _ in range(2)]
        _lock(sides[0].folder, environ=OWN_SETTINGS)
        pushes = how == "containerd store"  # the classic one stores all layers above a changed one again
        for side in sides:
            side.build(*([_push(registry)] if pushes else []))
        for name, change in (("an instruction above", _instruction_above), ("the base image", _another_base)):
            for side in sides:
                change(where, side)
            times = [side.seconds() for side in sides]
            what = f"4 locked environments, {name} changed, {how}"
            aim = "faster" if pushes else "at least 5x faster"
            yield Row(what=what, ours=times[0], theirs=times[1], against=UNLOCKED, unit="s", aim=aim)
            if not pushes:
                continue
            sent = [_sent(side, registry, Path(scratch)) for side in sides]
            yield Row(
                what=f"{what}: pushed", ours=sent[0], theirs=sent[1], against=UNLOCKED, unit="MB", aim="nothing of them"
            )


def _instruction_above(where: engine.Engine, side: Side) -> None:
    """Insert an instruction above the PYENVs."""
    del where
    file = side.folder / "Dockerfile"
    file.write_text(file.read_text().replace("PYENV", f"RUN echo {uuid.uuid4()}\nPYENV", 1))


def _another_base(where: engine.Engine, side: Side) -> None:
    """Change the base image to another one with the same user."""
    name = f"pyenv-bench-base:{uuid.uuid4().hex[:8]}"
    text = f"FROM {BASE}\nUSER root\nRUN echo {name} > /etc/release-of-base\nUSER airflow\n"
    where.run("build", "--quiet", "--network=host", f"--tag={name}", "-", input=text)
    file = side.folder / "Dockerfile"
    file.write_text(file.read_text().replace(f"FROM {BASE}\n", f"FROM {name}\n"))


def _edited(where: engine.Engine) -> Iterator[Row]:
    """Measure time and bytes of a push after a small requirement of a large environment has changed."""
    small = {
        f"small{number}": services.wheel(f"small{number}", "1.0", _data(f"small{number}", 1)) for number in range(SMALL)
    }
    large = {
        f"large{number}": services.wheel(f"large{number}", "1.0", _data(f"large{number}", LARGE_SIZE))
        for number in range(LARGE)
    }
    wheels = {services.wheel_file(name, "1.0"): wheel for name, wheel in (small | large).items()}
    environments = (("3.9", "large", "".join(f"{name}\n" for name in (*large, *small))),)
    times, sent = [], []
    with services.package_index(wheels) as index:
        for lock in (True, False):
            with tempfile.TemporaryDirectory() as scratch, services.registry(Path(scratch)) as registry:
                first, base, rest = ours(environments).split("\n", 2)
                text = "\n".join((first, base, f"ENV UV_DEFAULT_INDEX={index}", rest))
                side = Side(where, text, environments, export=False)
                environ = {**OWN_SETTINGS, "UV_DEFAULT_INDEX": index}
                if lock:
                    _lock(side.folder, environ=environ)
                side.build(_push(registry))
                file = side.folder / "large.txt"
                file.write_text(file.read_text().replace("small1\n", ""))
                if lock:
                    _lock(side.folder, environ=environ)
                before = _size(Path(scratch))
                times.append(side.seconds(_push(registry)))
                sent.append((_size(Path(scratch)) - before) / 1e6)
    what = f"small requirement of an environment of {LARGE * LARGE_SIZE + SMALL} MB edited and pushed"
    common = {"what": what, "against": UNLOCKED}
    yield Row(ours=times[0], theirs=times[1], unit="s", aim="at least 4x faster", **common)
    yield Row(ours=sent[0], theirs=sent[1], unit="MB", aim="at least 4x smaller", **common)


def _push(registry: str) -> str:
    """Return the option of a build that pushes the image."""
    return f"--output=type=image,push=true,name={registry}/image:1"


def _sent(side: Side, registry: str, folder: Path) -> float:
    """Push the image; return the megabytes that the registry has more than before."""
    before = _size(folder)
    side.build(_push(registry))
    return (_size(folder) - before) / 1e6


def _size(folder: Path) -> int:
    """Return the size of the files of a registry."""
    return sum(path.stat().st_size for path in folder.rglob("data") if path.is_file())
