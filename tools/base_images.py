"""Provide the base images of tests, examples and benchmarks under their real names.

Images are pulled if their registry answers. Otherwise stand-ins are built from this machine's files and Debian's
archive (see `tools.stand_ins`) and tagged with the same names. Run as a module::

    python -m tools.base_images [name ...]
"""

import argparse
import contextlib
import sys
import tempfile
import time

from tools import engine, stand_ins
from tools.engine import Engine
from tools.state import Unavailable, folder, lock, run, say

__all__ = ["NEEDED", "ensure"]

NEEDED = (
    "debian:bookworm-slim",
    "python:3.8-slim-bookworm",
    "python:3.9-slim-bookworm",
    "python:3.10-slim-bookworm",
    "python:3.11-slim-bookworm",
    "python:3.12-slim-bookworm",
    "python:3.13-slim-bookworm",
    "apache/airflow:3.3.2-python3.12",
)
"""Images of the demo and the common tests. A test that needs another image calls `ensure` itself."""


def ensure(engine_: Engine, *names: str) -> dict[str, str]:
    """Ensure that an engine has images.

    Args:
        engine_: the engine.
        names: the names of the images.

    Returns:
        `pulled`, `stand-in` or `there already` for each name.

    Raises:
        Unavailable: an image can be neither pulled nor built.
    """
    present = _present(engine_)
    states = {}
    for name in names:
        key = stand_ins.key(name)
        if name in present and present[name] in ("", key):
            states[name] = "there already" if not present[name] else "stand-in"
            continue
        with lock(f"registry-{engine_.flavour}"):
            pulled = _pulled(engine_, name)
        states[name] = "pulled" if pulled else _build(engine_, name)
    return states


def _build(engine_: Engine, name: str) -> str:
    parent = stand_ins.parent(name)
    if parent:
        ensure(engine_, parent)
    with lock(f"image-{engine_.flavour}"):
        if _present(engine_).get(name) != stand_ins.key(name) and not _copied(engine_, name):
            _build_now(engine_, name)
    return "stand-in"


def _copied(engine_: Engine, name: str) -> bool:
    """Copy an image from the default engine if it has the image, which is much faster than a second build.

    Return whether it was copied.
    """
    default = engine.find() if engine_.flavour != "docker" else None
    if default is None or _present(default).get(name) != stand_ins.key(name):
        return False
    say(f"copying {name} to the {engine_.flavour} engine")
    with tempfile.NamedTemporaryFile(dir=folder("tmp"), suffix=".tar") as file:
        default.run("save", "--output", file.name, name, timeout=600)
        engine_.run("load", "--quiet", "--input", file.name, timeout=600)
    return True


def _build_now(engine_: Engine, name: str) -> None:
    started = time.monotonic()
    say(f"building a stand-in for {name}")
    stand_ins.build(engine_, name)
    say(f"built it in {time.monotonic() - started:.0f} s")


def _present(engine_: Engine) -> dict[str, str]:
    """Return the key of each image by name; it is empty for images that are not stand-ins.

    A single request lists all images, because other processes may add and remove images at the same time.
    """
    with contextlib.closing(engine.connect(engine_)) as client:
        listed = client.api.images()
    return {
        name: (image.get("Labels") or {}).get(stand_ins.LABEL, "")
        for image in listed
        for name in image.get("RepoTags") or ()
    }


_registry_answers: dict[str, bool] = {}


def _pulled(engine_: Engine, name: str) -> bool:
    """Pull an image if its registry answers, and return whether it was pulled.

    A registry that has not answered is not contacted again.
    """
    if name.startswith(stand_ins.LOCAL):
        return False
    first, _, rest = name.partition("/")
    registry = first if rest and "." in first else "docker.io"
    if not _registry_answers.get(registry, True):
        return False
    try:
        # This fails within seconds if the registry is unreachable, while pulling a large image may take minutes.
        run(["docker", "manifest", "inspect", name], env=engine_.env, timeout=20)
    except Unavailable as problem:
        _registry_answers[registry] = "manifest unknown" in str(problem) or "no such manifest" in str(problem)
        return False
    say(f"pulling {name}")
    engine_.run("pull", "--quiet", name, timeout=1200)
    return True


def main() -> int:
    """Ensure the images that the command line names, or `NEEDED`, and print the state of each. Return the exit code."""
    parser = argparse.ArgumentParser(prog="images", description="Base images for tests and examples.")
    parser.add_argument("names", nargs="*", default=NEEDED)
    names = parser.parse_args().names
    try:
        states = ensure(engine.up(), *names)
    except Unavailable as problem:
        say(f"images: {problem}")
        return 1
    width = max(len(name) for name in states)
    for name, state in states.items():
        print(f"{name:{width}}  {state}")
    if "stand-in" in states.values():
        print(
            "No image registry answers: stand-ins are used, made of this machine's interpreters and Debian's packages"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
