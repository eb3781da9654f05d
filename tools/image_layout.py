"""Build the frontend's image as an OCI layout for all platforms, check its files, and run a build with it on each.

The build itself needs no emulation (see Dockerfile.frontend). The last check is emulated if the machine supports it.
"""

import contextlib
import dataclasses
import io
import json
import platform
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tools import arm64, base_images, build_image, engine, stand_ins
from tools.engine import Engine
from tools.state import ROOT, Unavailable, folder, say

__all__ = ["PLATFORMS", "Layout", "base", "build", "checked"]

PLATFORMS = ("linux/amd64", arm64.PLATFORM)
PROGRAMS = ("python", "tools/uv")
"""Programs that an image must have: the interpreter, by the link that the entry point names, and uv for its steps."""

ENGINE = "docker-28-containerd"
"""Flavour of an engine whose store can write a layout and stores images for any platform."""
BUILDER = "pyenv-frontend-dist"
"""Name of the builder in a container that is created if that engine is not available."""
BASE = f"{stand_ins.LOCAL}both/{build_image.FRONTEND_BASE}"
"""Name of the stand-in for the base image that has both platforms."""

MACHINES = {62: "amd64", 183: "arm64"}
"""Architectures by their numbers in ELF files (`e_machine`)."""
HERE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())

IMPORT_ALL = """\
import marshal, sys
start = {"__name__": "start"}
exec(marshal.loads(open("/frontend/entrypoint.pyc", "rb").read()[16:]), start)
sys.meta_path.insert(0, start["Bundle"](start["BUNDLE"]))
for name in sys.meta_path[0]._index:
    __import__(name)
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Result of a build."""

    platforms: tuple[str, ...]
    """Platforms that the layout has an image for."""
    started: tuple[str, ...]
    """Platforms whose image has served a build on this machine."""


def build(target: Path) -> Layout:
    """Build the frontend's image into a tar file, and check it.

    Args:
        target: the path of the tar file.

    Raises:
        Unavailable: there is no suitable engine, the build failed, or a check failed.
    """
    with _builder() as (builder, options):
        try:
            for_both = [*base(builder), f"--platform={','.join(PLATFORMS)}"]
        except Unavailable as reason:
            say(f"for {' and '.join(PLATFORMS)} it cannot be built here, so for this platform alone: {_last(reason)}")
            for_both = []
        _build(builder, [*options, *for_both], target)
        digests = checked(target)
        return Layout(platforms=tuple(digests), started=tuple(_started(builder, options, target, digests)))


@contextlib.contextmanager
def _builder() -> Iterator[tuple[Engine, list[str]]]:
    """Provide a builder that can write an OCI layout: an engine with containerd's store, or a builder in a container.

    An engine with the classic image store cannot write one.

    Yields:
        The engine, and options of `buildx build` for the builder.
    """
    with contextlib.ExitStack() as stack:
        try:
            builder = engine.up(ENGINE)
        except Unavailable:
            builder = engine.up()
            create = ("buildx", "create", f"--name={BUILDER}", "--driver=docker-container", "--bootstrap")
            builder.run(*create, timeout=600)
            stack.callback(builder.run, "buildx", "rm", BUILDER)
            options = [f"--builder={BUILDER}"]
        else:
            base_images.ensure(builder, build_image.FRONTEND_BASE)
            options = ["--network=host"]
        yield builder, options


def base(builder: Engine) -> list[str]:
    """Return the build options that select a base image for both platforms, if none can be pulled from a registry.

    Args:
        builder: the engine that builds the image.

    Raises:
        Unavailable: Debian's packages for the other platform are not available.
    """
    if (
        builder.flavour != ENGINE
        or base_images.ensure(builder, build_image.FRONTEND_BASE)[build_image.FRONTEND_BASE] != "stand-in"
    ):
        return []
    arm64.tag_both(builder, BASE, build_image.FRONTEND_BASE)
    return [f"--build-arg=PYTHON_IMAGE={BASE}"]


def _build(builder: Engine, options: list[str], target: Path) -> None:
    output = [f"--output=type=oci,dest={target},name=pyenv-frontend", "--provenance=mode=max", "--sbom=false"]
    source = [f"--file={ROOT / 'Dockerfile.frontend'}", str(ROOT)]
    builder.run("buildx", "build", *options, *output, *source, timeout=1800)


def checked(layout: Path) -> dict[str, str]:
    """Check the images of an OCI layout.

    Args:
        layout: the tar file of the layout.

    Returns:
        The digest of each image, by platform.

    Raises:
        Unavailable: an image has programs for another platform than its own or lacks a program. This happens if the
            engine had the base image for one platform only and used it for all.
    """
    with tarfile.open(layout) as tar:

        def member(name: str) -> IO[bytes]:
            return tar.extractfile(name) or io.BytesIO()

        def blob(entry: dict[str, object]) -> IO[bytes]:
            return member(f"blobs/{str(entry['digest']).replace(':', '/')}")

        digests: dict[str, str] = {}
        waiting = list(json.load(member("index.json"))["manifests"])
        while waiting:
            entry = waiting.pop(0)
            document = json.load(blob(entry))
            waiting += document.get("manifests", [])
            if "config" in document and "attestation" not in json.dumps(entry.get("annotations", {})):
                config = json.load(blob(document["config"]))
                _check_programs(config["architecture"], [blob(layer) for layer in document["layers"]])
                digests[f"{config['os']}/{config['architecture']}"] = str(entry["digest"])
    return dict(sorted(digests.items()))


def _check_programs(architecture: str, layers: list[IO[bytes]]) -> None:
    """Check that all programs and libraries of an image are for its architecture, and that it has `PROGRAMS`."""
    machines: dict[str, str] = {}
    links: dict[str, str] = {}
    for layer in layers:
        with tarfile.open(fileobj=layer) as tar:
            for member in tar:
                name = member.name.lstrip("./")
                if member.issym():
                    links[name] = member.linkname.lstrip("/")
                file = tar.extractfile(member) if member.isreg() else None
                head = file.read(20) if file else b""
                if head.startswith(b"\x7fELF"):
                    number = int.from_bytes(head[18:20], "little")
                    machines[name] = MACHINES.get(number, str(number))
    if set(machines.values()) != {architecture}:
        raise Unavailable(f"error: the image for {architecture} has programs for {sorted(set(machines.values()))}")
    missing = [name for name in PROGRAMS if links.get(name, name) not in machines]
    if missing:
        raise Unavailable(f"error: the image for {architecture} lacks {', '.join(missing)}")


def _started(builder: Engine, options: list[str], layout: Path, digests: dict[str, str]) -> Iterator[str]:
    """Run a build with each platform's image, and print which of them cannot be executed on this machine.

    Yields:
        The platforms whose image has served the build.

    Raises:
        Unavailable: an image failed.
    """
    with tempfile.TemporaryDirectory(dir=folder("tmp")) as scratch:
        with tarfile.open(layout) as tar:
            tar.extractall(Path(scratch, "layout"), filter="data")
        for platform, digest in digests.items():
            with contextlib.ExitStack() as stack:
                try:
                    if platform != f"linux/{HERE}":
                        stack.enter_context(arm64.emulation())
                except Unavailable as reason:
                    say(f"the image for {platform} is not executed: {_last(reason)}")
                    continue
                name = f"frontend-{platform.rpartition('/')[2]}"
                itself = [f"--build-context={name}=oci-layout://{scratch}/layout@{digest}"]
                itself += [f"--build-arg=BUILDKIT_SYNTAX={name}", f"--platform={platform}", "--output=type=cacheonly"]
                _answers(builder, [*options, *itself], name, Path(scratch))
            yield platform


def _answers(builder: Engine, options: list[str], name: str, scratch: Path) -> None:
    """Check a frontend with two builds: it must have all modules that it may import, and know the options of PYENV."""
    context = Path(tempfile.mkdtemp(dir=scratch))
    (context / "all.py").write_text(IMPORT_ALL)
    run = json.dumps(["/python", "-I", "-S", "-X", "utf8", "/all.py"])
    (context / "Dockerfile").write_text(f"FROM {name}\nCOPY all.py /\nRUN --network=none {run}\n")
    builder.run("buildx", "build", *options, str(context), timeout=600)
    (context / "Dockerfile").write_text("FROM scratch\nPYENV --no-such-option 3.13 name\n")
    try:
        builder.run("buildx", "build", *options, str(context), timeout=600)
    except Unavailable as answer:
        if "PYENV has no option --no-such-option" in str(answer):
            return
        raise
    raise Unavailable(f"error: {name} took a PYENV with an option that does not exist")


def _last(reason: Unavailable) -> str:
    lines = [line for line in str(reason).splitlines() if "ERROR" in line or "rror:" in line]
    return (lines or str(reason).splitlines())[-1].strip()
