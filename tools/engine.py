"""Provide a Docker engine for the end-to-end tests: one that is already running, or one that this module starts.

The module unpacks Debian's packages of Docker into the state folder and starts the engine there, with its data, its
socket and its log. Nothing on the system is upgraded. All checkouts on the machine share the engine, and it keeps
running after the process that started it. Run as a module::

    python -m tools.engine up|down|status|env [flavour]
"""

import argparse
import contextlib
import dataclasses
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker

from tools import debian
from tools.state import Unavailable, folder, lock, run, say

__all__ = ["FLAVOURS", "Engine", "Flavour", "connect", "down", "find", "up"]

CLIENT_SUITE = "forky"
"""Debian release whose docker and buildx clients are used with every engine."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """A kind of engine that the tests run on."""

    suite: str
    """Debian release that its packages come from."""
    folder: str
    """Name of its folder in the state folder."""
    containerd: bool = False
    """Whether images are in containerd's store, which merges file systems and stores images of all platforms."""

    @property
    def settings(self) -> dict[str, object]:
        """Content of its `daemon.json`.

        By default, the build cache of each engine takes up to a tenth of the disk. The limit here is larger than what
        a run of all tests needs, because a full cache drops recent steps before those that were used often.
        """
        garbage = {"builder": {"gc": {"enabled": True, "defaultKeepStorage": "30GB"}}}
        return {**garbage, "features": {"containerd-snapshotter": self.containerd}}


FLAVOURS = {
    "docker": Flavour(suite="forky", folder="engine"),
    "docker-28-containerd": Flavour(suite="forky", folder="engine-28-containerd", containerd=True),
    "docker-26": Flavour(suite="trixie", folder="engine-26"),
    "docker-26-containerd": Flavour(suite="trixie", folder="engine-26-containerd", containerd=True),
}
"""The flavours by name, as in the variable `PYENV_ENGINE`. `docker` is the default."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A running engine."""

    flavour: str
    env: dict[str, str]
    """Environment variables that make `docker` and `docker buildx` use the engine."""
    ours: bool
    """Whether this module has started the engine, and may stop it."""

    def environment(self) -> dict[str, str]:
        """Return the variables of this process together with those of `env`."""
        return {**os.environ, **self.env}

    def run(self, *command: str, **options: Any) -> str:
        """Run a command of the Docker client on this engine, and return its standard output (see `tools.state.run`)."""
        return run(["docker", *command], env=self.env, **options)

    def version(self) -> str:
        """Return the server's version."""
        return self.run("version", "--format", "{{.Server.Version}}", timeout=30).strip()

    def hint(self, command: str) -> str:
        """Return a hint how to use this engine in a shell if this project has started it; else an empty text.

        Args:
            command: a command that the user may type next, with `--network=host`.
        """
        if not self.ours:
            return ""
        return (
            "`make` started an engine of its own. To use it in your shell, type this in the checkout:\n\n"
            '    eval "$(.venv/bin/python -m tools.engine env)"\n\n'
            "It has no network for containers, so add --network=host to `docker buildx build` and `docker run`:\n\n"
            f"    {command}\n"
        )


def connect(engine: Engine) -> docker.DockerClient:
    """Return an API client for an engine. The caller must close it."""
    if "DOCKER_HOST" in engine.env:
        return docker.DockerClient(base_url=engine.env["DOCKER_HOST"], timeout=300)
    return docker.from_env(timeout=300)


def find(flavour: str = "docker") -> Engine | None:
    """Return a running engine, or None.

    For the default flavour, the engine that `docker info` reaches in the user's own configuration is preferred to one
    that this module has started.

    Args:
        flavour: the name of the flavour.

    Raises:
        Unavailable: there is no such flavour, or the client has no buildx plugin.
    """
    if flavour == "docker" and shutil.which("docker") and _answers({}):
        return Engine(flavour=flavour, env=_client(own_plugins=_has_buildx()), ours=False)
    home = _home(flavour)
    if not (home / "docker.sock").exists() or not _answers(_address(home)):
        return None
    return Engine(flavour=flavour, env=_address(home) | _client(own_plugins=False), ours=True)


def up(flavour: str = "docker") -> Engine:
    """Return a running engine, and start one if necessary.

    Args:
        flavour: the name of the flavour.

    Raises:
        Unavailable: no engine is running, and none can be started. The text says what to install.
    """
    with lock(f"engine-{flavour}"):
        engine = find(flavour)
        if engine is None:
            if not debian.is_debian_root():
                raise Unavailable(
                    "no Docker engine answers (`docker info`), and one can be brought up only on Debian as root: "
                    "install Docker Engine 26 or newer with its buildx plugin, start it, and run this again"
                )
            _start(flavour)
            engine = find(flavour)
            if engine is not None:
                _forget_steps(engine)
        if engine is None:
            raise Unavailable(f"the engine was started and does not answer: see {_home(flavour) / 'dockerd.log'}")
    return engine


def _forget_steps(engine: Engine) -> None:
    """Remove all steps from the build cache of an engine that was just started, and keep its images and cache mounts.

    After an engine has ended abruptly or its disk was full, the cache can name layers that do not exist, and a build
    that uses such a step fails with "layer does not exist". Call this only after starting the engine, because a build
    fails in the same way if it uses a cached step while the engine removes it.
    """
    with contextlib.suppress(Unavailable):  # then the engine makes room on its own
        engine.run("buildx", "prune", "--all", "--force", "--filter=type!=exec.cachemount", timeout=600)


def down(flavour: str = "docker") -> bool:
    """Stop an engine that this module has started, and return whether it was running. Its images are kept."""
    with lock(f"engine-{flavour}"):
        pid = _pid(_home(flavour))
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        _wait_until(lambda: not Path(f"/proc/{pid}").exists(), seconds=60, what=f"process {pid} to end")
        # dockerd leaves this mounted, so that its folder could not be deleted
        subprocess.run(["umount", f"{_home(flavour)}/exec/netns/default"], capture_output=True, check=False)
        return True


def _start(flavour: str) -> None:
    """Unpack dockerd and start it in a session of its own, with its output in a log file."""
    kind, home = FLAVOURS[flavour], _home(flavour)
    debian.install("runc", "iptables")  # newer versions of runc need a newer libc
    root = debian.unpack(kind.suite, "docker.io", "containerd")
    tools = debian.unpack(CLIENT_SUITE, "docker-cli", "docker-buildx", "tini-static")
    programs = f"{root}/usr/sbin:{root}/usr/bin:{_init_folder(tools / 'usr/bin/tini-static')}"
    say(f"starting the {flavour} engine in {home}")
    (home / "daemon.json").write_text(json.dumps(kind.settings))
    command = [
        f"{root}/usr/sbin/dockerd",
        f"--config-file={home}/daemon.json",
        f"--data-root={home}/data",
        f"--exec-root={home}/exec",
        f"--pidfile={home}/pid",
        f"--host=unix://{home}/docker.sock",
        # Each engine would remove the bridge of the others. Without a bridge, steps use the host's network.
        "--bridge=none",
        "--iptables=false",
        "--ip6tables=false",
    ]
    (home / "docker.sock").unlink(missing_ok=True)
    if _pid(home) is None:
        (home / "pid").unlink(missing_ok=True)
    pid = _detach(command, home / "dockerd.log", path=f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin")
    alive = Path(f"/proc/{pid}")
    _wait_until(lambda: not alive.exists() or _answers(_address(home)), seconds=90, what="the engine to answer")
    if not alive.exists():
        tail = "\n".join((home / "dockerd.log").read_text(errors="replace").splitlines()[-15:])
        raise Unavailable(f"dockerd did not stay up; the end of {home / 'dockerd.log'}:\n{tail}")


def _detach(command: list[str], log: Path, *, path: str) -> int:
    """Start a daemon in a session of its own, not as a child of this process, and return its process ID."""
    line = '"$@" </dev/null >>"$0" 2>&1 & echo $!'
    shell = ["sh", "-c", line, str(log), *command]
    env = {**os.environ, "PATH": path}
    done = subprocess.run(shell, cwd="/", env=env, start_new_session=True, capture_output=True, text=True, check=True)
    return int(done.stdout)


def _init_folder(tini: Path) -> Path:
    """Return a folder with tini under the name that dockerd searches for (`docker run --init`)."""
    programs = folder("programs")
    if not (programs / "docker-init").exists():
        (programs / "docker-init").symlink_to(tini)
    return programs


def _home(flavour: str) -> Path:
    if flavour not in FLAVOURS:
        raise Unavailable(f"no engine is called {flavour!r}; there are: {', '.join(FLAVOURS)}")
    return folder(FLAVOURS[flavour].folder)


def _address(home: Path) -> dict[str, str]:
    return {"DOCKER_HOST": f"unix://{home}/docker.sock"}


def _client(*, own_plugins: bool) -> dict[str, str]:
    """Return the variables for a current client with buildx. With `own_plugins`, the user's own client is used."""
    if own_plugins:
        return {}
    if not debian.is_debian_root():
        raise Unavailable(
            "docker answers and has no buildx plugin (`docker buildx version`): install it, and run this again"
        )
    root = debian.unpack(CLIENT_SUITE, "docker-cli", "docker-buildx")
    config = folder("docker-config")
    plugin = folder("docker-config", "cli-plugins") / "docker-buildx"
    if not plugin.exists():
        plugin.symlink_to(root / "usr/libexec/docker/cli-plugins/docker-buildx")
    return {"DOCKER_CONFIG": str(config), "PATH": f"{root}/usr/bin:{os.environ['PATH']}"}


def _has_buildx() -> bool:
    return subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False).returncode == 0


def _answers(env: dict[str, str]) -> bool:
    """Return whether `docker info` gets an answer from a server."""
    path = f"{folder('packages', CLIENT_SUITE)}/usr/bin:{os.environ['PATH']}" if env else os.environ["PATH"]
    command = ["docker", "info", "--format", "{{.ServerVersion}}"]
    try:
        done = subprocess.run(
            command, env={**os.environ, **env, "PATH": path}, capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and bool(done.stdout.strip())


def _pid(home: Path) -> int | None:
    """Return the process ID of the daemon of a folder, or None if it does not run or the ID is another process's."""
    try:
        pid = int((home / "pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if f"--data-root={home}/data".encode() in command else None


def _wait_until(done: Callable[[], bool], *, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise Unavailable(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.2)


def main() -> int:
    """Run the action of the command line, and return the exit code."""
    parser = argparse.ArgumentParser(prog="engine", description="A Docker engine for the tests.")
    parser.add_argument("action", choices=["up", "down", "status", "env"])
    parser.add_argument("flavour", nargs="?", default=os.environ.get("PYENV_ENGINE", "docker"), choices=FLAVOURS)
    options = parser.parse_args()
    try:
        if options.action == "down":
            print("stopped" if down(options.flavour) else "no engine of ours was running")
            return 0
        engine = up(options.flavour) if options.action == "up" else find(options.flavour)
        if engine is None:
            print("no engine answers (make engine)", file=sys.stderr)
            return 1
        if options.action == "env":
            print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in engine.env.items()))
        else:
            where = engine.env.get("DOCKER_HOST", "the docker client's own setting")
            print(f"engine: Docker {engine.version()} at {where}")
    except Unavailable as problem:
        print(f"engine: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
