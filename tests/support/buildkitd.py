"""BuildKit's own daemon, if this machine has the program; Debian has no package for it.

It has no images of its own, so the images that a test needs are pushed to a registry on 127.0.0.1, which serves as a
mirror of Docker's.
"""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support import services
from tools.engine import Engine
from tools.state import Unavailable

__all__ = ["run"]


@contextlib.contextmanager
def run(engine: Engine, folder: Path, *images: str, settings: str = "") -> Iterator[Engine]:
    """Run buildkitd with its own registry.

    Args:
        engine: the engine that has the images.
        folder: an empty folder for the daemon's data, with a path short enough for a socket.
        images: the images to push to the registry, by their names on `engine`.
        settings: additional configuration (TOML).

    Yields:
        The daemon, for `docker buildx build --allow=network.host`; it cannot run or inspect images.

    Raises:
        Unavailable: there is no `buildkitd` on PATH, or no registry is available.
    """
    program = shutil.which("buildkitd")
    if program is None:
        raise Unavailable("there is no buildkitd on PATH")
    (folder / "registry").mkdir()
    with services.registry(folder / "registry") as registry:
        for name in images:
            _push(engine, name, registry)
        config = folder / "buildkitd.toml"
        mirror = f'[registry."docker.io"]\nmirrors = ["{registry}"]\n[registry."{registry}"]\nhttp = true\n'
        config.write_text(f"{settings}\n{mirror}")
        with _daemon(program, config, folder) as address, _client(engine, address) as known:
            yield known


def _push(engine: Engine, name: str, registry: str) -> None:
    """Push an image to the registry under the path that it has in Docker's own registry."""
    there = f"{registry}/{name if '/' in name else f'library/{name}'}"
    engine.run("tag", name, there)
    try:
        engine.run("push", "--quiet", there, timeout=300)
    finally:
        engine.run("image", "rm", there)


@contextlib.contextmanager
def _daemon(program: str, config: Path, folder: Path) -> Iterator[str]:
    address = f"unix://{folder}/s"
    command = [
        program,
        f"--config={config}",
        f"--addr={address}",
        f"--root={folder}/root",
        "--containerd-worker=false",
        "--oci-worker-net=host",
        "--allow-insecure-entitlement=network.host",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 30
        while not (folder / "s").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(f"buildkitd does not start: {(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextlib.contextmanager
def _client(engine: Engine, address: str) -> Iterator[Engine]:
    name = f"pyenv-test-{os.getpid()}-{time.monotonic_ns()}"
    engine.run("buildx", "create", f"--name={name}", "--driver=remote", address)
    try:
        yield Engine(flavour="buildkitd", env={**engine.env, "BUILDX_BUILDER": name}, ours=True)
    finally:
        engine.run("buildx", "rm", name)
