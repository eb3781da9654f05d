"""BuildKit's own daemon, where the machine has the program: Debian has no package of it.

It knows no images but those of registries, so the ones that a test needs are pushed to one on 127.0.0.1 that stands for
Docker's.
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
    """Run buildkitd with a registry of its own.

    Args:
        engine: where the images come from.
        folder: an empty one for its data, short enough for a socket's path.
        images: what it shall find in the registry, under the names that they have on `engine`.
        settings: more of its configuration (TOML).

    Yields:
        It, for `docker buildx build --allow=network.host`; it has no images to run or to look into.

    Raises:
        Unavailable: there is no `buildkitd` on PATH, or no registry.
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
    """Put an image where Docker's own registry would have it."""
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
