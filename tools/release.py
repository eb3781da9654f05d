"""The distributions: wheels and sdists of both halves, the frontend's image as an OCI layout; all of them checked.

Run as a module: `python -m tools.release [--no-image]`. They go to `dist/`.
"""

import argparse
import shutil
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from tools import image_layout, packages, wheels
from tools.state import ROOT, Unavailable, folder, run, say

DIST = ROOT / "dist"
IMAGE = "pyenv-frontend.oci.tar"
HALVES = {
    "frontend": ("pyenv-frontend --version", "pyenv-frontend local --help"),
    "provider": ("python -c 'import airflow_venv'", "airflow-venv list"),
}
"""Commands that must succeed after the installation of a distribution, by the distribution's folder."""


def distributions() -> list[Path]:
    """Build and check wheels and sdists, and return their paths.

    Raises:
        Unavailable: a distribution cannot be built or does not pass a check. The text says which one and why.
    """
    files: list[Path] = []
    for half, commands in HALVES.items():
        with tempfile.TemporaryDirectory() as scratch:
            run([sys.executable, "-m", "hatchling", "build", "-d", scratch], cwd=ROOT / half)
            sdist, wheel = sorted(Path(scratch).iterdir(), key=lambda path: path.suffix)
            _check_sdist(sdist, wheel)
            _check_installed(wheel, commands)
            files += [Path(shutil.copy(file, DIST)) for file in (wheel, sdist)]
        say(f"{wheel.name}, {sdist.name}: built, and installed into an empty environment")
    _twine(files)
    return files


def _check_sdist(sdist: Path, wheel: Path) -> None:
    """Check that a wheel built from the sdist has the same files, including the licence and no byte code."""
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(sdist) as tar:
            tar.extractall(scratch, filter="data")
        source = next(Path(scratch).iterdir())
        again = Path(scratch, "wheel")
        run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", again], cwd=source)
        names, others = (set(zipfile.ZipFile(archive).namelist()) for archive in (wheel, next(again.iterdir())))
    if names != others:
        raise Unavailable(f"{sdist.name} and {wheel.name} differ in {', '.join(sorted(names ^ others))}")
    if not any(name.endswith("/licenses/LICENSE") for name in names):
        raise Unavailable(f"{wheel.name} has no licence")
    odd = [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    if odd:
        raise Unavailable(f"{wheel.name} has what does not belong there: {', '.join(odd)}")


def _check_installed(wheel: Path, commands: tuple[str, ...]) -> None:
    """Install a wheel with its dependencies into an empty environment, and run commands there."""
    with tempfile.TemporaryDirectory(dir=folder("tmp")) as scratch:
        programs = wheels.install(wheel, Path(scratch, "environment"))
        clean = {"PATH": f"{programs}:/usr/bin:/bin", "AIRFLOW_HOME": scratch, "PYTHONPATH": ""}
        for command in commands:
            run(["sh", "-c", command], env=clean, cwd=scratch)


def _twine(files: list[Path]) -> None:
    place = ROOT / ".venv/release"
    if not (place / "bin/twine").exists():
        packages.make(place, ROOT / "requirements/release.txt")
    run([place / "bin/twine", "check", "--strict", *files])
    say("twine check: passed")


def main() -> int:
    """Build and check everything, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-image", action="store_true", help="wheels and sdists alone")
    options = parser.parse_args()
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    try:
        distributions()
        if not options.no_image:
            layout = image_layout.build(DIST / IMAGE)
            say(f"{IMAGE}: for {', '.join(layout.platforms)}; it has answered builds on {', '.join(layout.started)}")
    except Unavailable as reason:
        print(f"dist: {reason}")
        return 1
    for path in sorted(DIST.iterdir()):
        print(f"dist/{path.name}  {path.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
