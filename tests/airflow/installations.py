"""Real installations of Airflow, one per release, created on demand in the state folder that all checkouts share.

Constraints files are not needed: a release is installed with the packages that were current shortly after it came out.
"""

import contextlib
import hashlib
import shutil
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools import interpreters
from tools.state import ROOT, folder, lock, run, say

__all__ = [
    "CLUSTERS",
    "RELEASES",
    "WITH_FAB",
    "WITH_MYSQL",
    "Release",
    "environment",
    "interpreter",
    "provider",
    "release",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release of Airflow on one Python."""

    version: str
    python: str
    """The minor version of the Python it is installed on."""
    date: str
    """Its dependencies must not be newer than this date."""
    extras: tuple[str, ...] = ()
    """Further packages that are installed with it."""

    @property
    def name(self) -> str:
        """The name of its folder and of the test parameter."""
        extras = f"-{hashlib.sha256(repr(self.extras).encode()).hexdigest()[:8]}" if self.extras else ""
        return f"{self.version}-py{self.python}{extras}"

    @property
    def number(self) -> tuple[int, ...]:
        """The version as a tuple of numbers."""
        return tuple(int(part) for part in self.version.split("."))

    @property
    def bin(self) -> Path:
        """The folder that has `python` and `airflow` after installation."""
        return folder("airflow") / self.name / "bin"

    def install(self) -> Path:
        """Install the release if necessary, with an empty database to copy, and return the `bin` folder."""
        home = folder("airflow") / self.name
        ready = home / "ready-1"
        if ready.exists():
            return self.bin
        with lock(f"airflow-{self.name}"):
            if not ready.exists():
                say(f"installing Airflow {self.version} on Python {self.python} into {home}")
                shutil.rmtree(home, ignore_errors=True)
                run([interpreters.uv(), "venv", "-q", "--python", interpreter(self.python), home])
                needs = [f"apache-airflow=={self.version}", "pytest", "cloudpickle", "dill", *self.extras]
                run(
                    [
                        interpreters.uv(),
                        "pip",
                        "install",
                        "-q",
                        "--python",
                        self.bin / "python",
                        "--exclude-newer",
                        self.date,
                        *needs,
                    ]
                )
                how = "migrate" if self.number >= (2, 7) else "init"
                quiet = {"AIRFLOW_HOME": str(home / "home"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
                run([self.bin / "airflow", "db", how], env=quiet)
                ready.touch()
        return self.bin


RELEASES = (
    Release(version="2.4.3", python="3.10", date="2022-11-25"),
    Release(version="2.7.3", python="3.11", date="2023-11-15"),
    Release(version="2.10.5", python="3.12", date="2025-03-10"),
    Release(version="2.11.2", python="3.12", date="2026-03-20"),
    Release(version="3.0.6", python="3.12", date="2025-09-10"),
    Release(version="3.1.8", python="3.11", date="2026-03-20"),
    Release(version="3.2.2", python="3.13", date="2026-06-20"),
    Release(version="3.3.2", python="3.11", date="2026-11-20"),
)

CLUSTERS = {
    "2.11.2": Release(version="2.11.2", python="3.12", date="2026-03-20", extras=("psycopg2-binary",)),
    "3.3.2": Release(
        version="3.3.2",
        python="3.11",
        date="2026-11-20",
        extras=(
            "asyncpg",
            "psycopg2-binary",
            "redis",
            "apache-airflow-providers-celery",
            "apache-airflow-providers-edge3",
        ),
    ),
}
"""The releases that run with real executors, with the packages that a deployment needs."""

WITH_FAB = Release(version="3.3.2", python="3.11", date="2026-11-20", extras=("apache-airflow-providers-fab",))
"""A release with the FAB auth manager, which has roles and permissions for individual DAGs."""

WITH_MYSQL = Release(version="3.3.2", python="3.11", date="2026-11-20", extras=("aiomysql", "mysqlclient"))
"""A release with clients for MySQL and MariaDB; `mysqlclient` is compiled."""


def release(version: str) -> Release:
    """Return the release with a version."""
    return next(one for one in RELEASES if one.version == version)


@cache
def interpreter(minor: str) -> str:
    """Return the path of an interpreter of a minor version."""
    return str(interpreters.find(minor) / "bin/python3")


@cache
def environment(minor: str, *packages: str) -> str:
    """Create a virtual environment with some packages if necessary, and return the path of its `python`."""
    key = "-".join([minor, *packages]).replace("=", "").replace(">", "")
    home = folder("environments") / f"py{key}"
    python = home / "bin" / "python"
    ready = home / "ready-1"
    with lock(f"environment-{key}"):
        if not ready.exists():
            shutil.rmtree(home, ignore_errors=True)
            run([interpreters.uv(), "venv", "-q", "--python", interpreter(minor), home])
            if packages:
                run([interpreters.uv(), "pip", "install", "-q", "--python", python, "--compile-bytecode", *packages])
            ready.touch()
    return str(python)


@cache
def provider() -> Path:
    """Install the wheel of this checkout's provider into a folder for `PYTHONPATH`, and return the folder.

    The folder's name includes a digest of the sources, so that concurrent runs do not affect each other.
    """
    digest = hashlib.sha256()
    for path in sorted((ROOT / "provider").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path}\0".encode() + path.read_bytes())
    target = ROOT / ".pyenv" / f"provider-{digest.hexdigest()[:16]}"
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        copy = Path(tempfile.mkdtemp(dir=target.parent)) / "provider"
        how = ["--no-deps", "--no-build-isolation", "--target", copy]
        run([interpreters.uv(), "pip", "install", "-q", "--python", sys.executable, *how, ROOT / "provider"])
        with contextlib.suppress(OSError):  # another process was faster
            copy.rename(target)
        shutil.rmtree(copy.parent)
    return target
