"""Small packages that can be installed without a registry, and the `pyenv-frontend local` command."""

import subprocess
import sys
from pathlib import Path

from tests.support import services
from tools import interpreters

__all__ = ["PROGRAM", "interpreter_versions", "local", "slow_package", "wheel"]

PROGRAM = Path(sys.executable).with_name("pyenv-frontend")

SLOW_BACKEND = """\
import pathlib, time, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    time.sleep(SECONDS)
    name = "slowly-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as archive:
        for number in range(200):
            archive.writestr(f"slowly/part{number}.py", f"VALUE = {number}\\n")
        archive.writestr("slowly/__init__.py", "VERSION = " + repr(open("VERSION").read().strip()))
        archive.writestr("slowly-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: slowly\\nVersion: 1.0\\n")
        tags = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        archive.writestr("slowly-1.0.dist-info/WHEEL", tags)
        archive.writestr("slowly-1.0.dist-info/RECORD", "")
    return name
"""
"""A build backend without dependencies that takes a certain time."""


def wheel(folder: Path, name: str, version: str = "1.0", *, requires: tuple[str, ...] = ()) -> Path:
    """Write a wheel that has one module with its version."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / services.wheel_file(name, version)
    path.write_bytes(services.wheel(name, version, requires=requires))
    return path


def slow_package(folder: Path, *, seconds: float, version: str) -> None:
    """Write a source package that takes a while to build and has a module with its version."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "slowly"\nversion = "1.0"\n'
    )
    (folder / "backend.py").write_text(SLOW_BACKEND.replace("SECONDS", str(seconds)))
    (folder / "VERSION").write_text(version)


def interpreter_versions(*series: str) -> list[str]:
    """Return the full versions of this machine's interpreters for some minor versions."""
    return [interpreters.full_version(interpreters.find(version)) for version in series]


def local(folder: Path, *arguments: str, code: int = 0, environ: dict[str, str] | None = None) -> tuple[str, str]:
    """Run `pyenv-frontend local` in a folder; return its standard output and standard error."""
    done = subprocess.run(
        [PROGRAM, "local", *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout, done.stderr
