"""The distributions: wheels and sdists of both halves, the frontend's image as an OCI layout; all of them checked.

Run as a module: ``python -m tests.support.dist [--no-image]``. They go to ``dist/``.
"""

import argparse
import contextlib
import json
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from tests.support import builds, engine, foreign, images, interpreters, tools
from tests.support.state import ROOT, Unavailable, folder, run, say

DIST = ROOT / "dist"
IMAGE = "pyenv-frontend.oci.tar"
HALVES = {
    "frontend": ("pyenv-frontend --version", "pyenv-frontend local --help"),
    "provider": ("python -c 'import airflow_venv'", "airflow-venv list"),
}
"""Each distribution's folder, and what must work once it is installed."""

BUILDER = "pyenv-frontend-dist"
"""The builder in a container that is made for this, where one is needed."""

PLATFORMS = ("linux/amd64", "linux/arm64")


def distributions() -> list[Path]:
    """Build and check wheels and sdists.

    Raises:
        Unavailable: one cannot be built or is not as it should be; the text says which and why.
    """
    made: list[Path] = []
    for half, commands in HALVES.items():
        with tempfile.TemporaryDirectory() as scratch:
            run([sys.executable, "-m", "hatchling", "build", "-d", scratch], cwd=ROOT / half)
            sdist, wheel = sorted(Path(scratch).iterdir(), key=lambda path: path.suffix)
            _check_sdist(sdist, wheel)
            _check_installed(wheel, commands)
            made += [Path(shutil.copy(each, DIST)) for each in (wheel, sdist)]
        say(f"{wheel.name}, {sdist.name}: built, and installed into an empty environment")
    _twine(made)
    return made


def _check_sdist(sdist: Path, wheel: Path) -> None:
    """A wheel that is built from the sdist has the same files, and both have the licence."""
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(sdist) as tar:
            tar.extractall(scratch, filter="data")
        source = next(Path(scratch).iterdir())
        again = Path(scratch, "wheel")
        run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", again], cwd=source)
        names, others = (set(zipfile.ZipFile(each).namelist()) for each in (wheel, next(again.iterdir())))
    if names != others:
        raise Unavailable(f"{sdist.name} and {wheel.name} differ in {', '.join(sorted(names ^ others))}")
    if not any(name.endswith("/licenses/LICENSE") for name in names):
        raise Unavailable(f"{wheel.name} has no licence")
    odd = [name for name in names if "__pycache__" in name or name.endswith((".pyc", "_standalone.py"))]
    if odd:
        raise Unavailable(f"{wheel.name} has what does not belong there: {', '.join(odd)}")


def _check_installed(wheel: Path, commands: tuple[str, ...]) -> None:
    """Install a wheel with its dependencies into an empty environment, and call its programs there."""
    uv = interpreters.uv()
    with tempfile.TemporaryDirectory(dir=folder("tmp")) as scratch:
        place = Path(scratch, "environment")
        run([uv, "venv", "-q", "--no-project", "--python", sys.executable, place])
        run([uv, "pip", "install", "-q", "--python", place / "bin/python", wheel], timeout=600)
        run([uv, "pip", "check", "--python", place / "bin/python"])
        clean = {"PATH": f"{place / 'bin'}:/usr/bin:/bin", "AIRFLOW_HOME": scratch, "PYTHONPATH": ""}
        for command in commands:
            run(["sh", "-c", command], env=clean, cwd=scratch)


def _twine(made: list[Path]) -> None:
    place = ROOT / ".venv/release"
    if not (place / "bin/twine").exists():
        tools.make(place, ROOT / "requirements/release.txt")
    run([place / "bin/twine", "check", "--strict", *made])
    say("twine check: passed")


def image() -> tuple[Path, list[str]]:
    """Build the frontend's image as an OCI layout; returns the file and the platforms in it.

    Raises:
        Unavailable: there is no engine that can, or the build failed.
    """
    with _builder() as build:
        try:
            return build(PLATFORMS)
        except Unavailable as reason:
            say(f"for {' and '.join(PLATFORMS)} it cannot be built here, so for this platform alone: {_last(reason)}")
            return build(())


@contextlib.contextmanager
def _builder() -> Iterator[Callable[[tuple[str, ...]], tuple[Path, list[str]]]]:
    """Whoever can write an OCI layout: an engine of ours with containerd's store, else a builder in a container.

    The classic store of the engine that most people have cannot.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(Unavailable):  # then the build for the other platform says so
            stack.enter_context(foreign.emulation())
        try:
            builder = engine.up("docker-28-containerd")
        except Unavailable:
            builder = engine.up()
            builder.run(
                "buildx", "create", f"--name={BUILDER}", "--driver=docker-container", "--bootstrap", timeout=600
            )
            stack.callback(builder.run, "buildx", "rm", BUILDER)
            options = [f"--builder={BUILDER}"]
        else:
            images.ensure(builder, builds.FRONTEND_BASE)
            options = ["--network=host"]
        yield lambda platforms: _image(builder, options, platforms)


def _image(builder: engine.Engine, options: list[str], platforms: tuple[str, ...]) -> tuple[Path, list[str]]:
    target = DIST / IMAGE
    chosen = [*options, f"--platform={','.join(platforms)}"] if platforms else options
    output = [f"--output=type=oci,dest={target},name=pyenv-frontend", "--provenance=mode=max", "--sbom=false"]
    source = [f"--file={ROOT / 'Dockerfile.frontend'}", str(ROOT)]
    builder.run("buildx", "build", *chosen, *output, *source, timeout=1800)
    return target, _platforms(target)


def _platforms(layout: Path) -> list[str]:
    """The platforms of an OCI layout, read from the layout itself.

    Raises:
        Unavailable: an image says that it is for a platform, and its programs are for another one. So it is where the
            base image was at hand for one platform alone, and the engine made do with that.
    """
    with tarfile.open(layout) as tar:

        def blob(entry: dict[str, object]) -> IO[bytes]:
            return tar.extractfile(f"blobs/{str(entry['digest']).replace(':', '/')}")

        found, waiting = [], list(json.load(tar.extractfile("index.json"))["manifests"])
        while waiting:
            entry = waiting.pop(0)
            document = json.load(blob(entry))
            waiting += document.get("manifests", [])
            if "config" in document and "attestation" not in json.dumps(entry.get("annotations", {})):
                config = json.load(blob(document["config"]))
                machines = {_machine(blob(layer)) for layer in document["layers"]} - {None}
                if machines != {config["architecture"]}:
                    raise Unavailable(f"error: the image for {config['architecture']} has programs for {machines}")
                found.append(f"{config['os']}/{config['architecture']}")
    return sorted(found)


def _machine(layer: IO[bytes]) -> str | None:
    """What processor the tools in a layer are for; None if it has none of them."""
    with tarfile.open(fileobj=layer) as tar:
        for member in tar:
            if member.name.lstrip("./") == "tools/uv":
                number = int.from_bytes(tar.extractfile(member).read(20)[18:20], "little")  # e_machine in ELF
                return {62: "amd64", 183: "arm64"}.get(number, str(number))
    return None


def _last(reason: Unavailable) -> str:
    lines = [line for line in str(reason).splitlines() if "ERROR" in line or "rror:" in line]
    return (lines or str(reason).splitlines())[-1].strip()


def main() -> int:
    """Make everything; the exit code says whether it worked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-image", action="store_true", help="wheels and sdists alone")
    wanted = parser.parse_args()
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    try:
        distributions()
        if not wanted.no_image:
            layout, platforms = image()
            say(f"{layout.name}: an OCI layout for {', '.join(platforms)}")
    except Unavailable as reason:
        print(f"dist: {reason}")
        return 1
    for each in sorted(DIST.iterdir()):
        print(f"dist/{each.name}  {each.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
