"""Builds with `docker buildx build` on an engine, as a user starts them."""

import dataclasses
import json
import re
import subprocess
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.build_image import FRONTEND
from tools.engine import Engine
from tools.files import Files, write_files

__all__ = ["Build", "Builder", "installed_environments", "remove_images"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What came of one build."""

    code: int
    """The exit code of the client."""
    log: str
    """Everything that the client wrote (`--progress=plain`)."""
    image: str
    """The name that the built image was given."""
    metadata: dict[str, object]
    """The client's `--metadata-file`, empty if the build failed."""
    folder: Path
    """The build context."""

    @property
    def digest(self) -> str:
        """The digest of the image: equal for equal images on one engine."""
        return str(self.metadata.get("containerimage.config.digest") or self.metadata["containerimage.digest"])

    @property
    def steps(self) -> list[str]:
        """The names of the steps as the log shows them, in order, each once, without their numbers in the log."""
        named = [line.partition(" ")[2] for line in self.log.splitlines() if line.startswith("#")]
        return list(dict.fromkeys(name for name in named if name.startswith("[")))

    @property
    def cached(self) -> list[str]:
        """The names of the steps that came out of the cache."""
        names: dict[str, str] = {}
        cached = []
        for line in self.log.splitlines():
            number, _, rest = line.partition(" ")
            if rest.startswith("["):
                names.setdefault(number, rest)
            elif rest == "CACHED" and number in names:
                cached.append(names[number])
        return cached


class Builder:
    """Builds Dockerfiles given as text on one engine."""

    def __init__(self, engine: Engine, frontend: str, scratch: Path) -> None:
        self.engine = engine
        self.frontend = frontend
        self.images: list[str] = []
        self._scratch = scratch

    def __call__(self, dockerfile: str, files: Files | None = None, *arguments: str, **options: Any) -> Build:
        """Build, and fail the test if the build fails. See `attempt`."""
        build = self.attempt(dockerfile, files, *arguments, **options)
        assert build.code == 0, f"the build failed with {build.code}:\n{build.log[-6000:]}"
        return build

    def fails(self, dockerfile: str, files: Files | None = None, *arguments: str, **options: Any) -> Build:
        """Build, and fail the test if the build succeeds. See `attempt`."""
        build = self.attempt(dockerfile, files, *arguments, **options)
        assert build.code != 0, f"the build was meant to fail and did not:\n{build.log[-6000:]}"
        return build

    def attempt(
        self,
        dockerfile: str,
        files: Files | None = None,
        *arguments: str,
        syntax: bool = True,
        env: Mapping[str, str] | None = None,
        timeout: float = 600,
    ) -> Build:
        """Build a Dockerfile.

        Args:
            dockerfile: its text. Where its syntax line names `pyenv-frontend:dev`, that of this checkout is meant.
            files: what else lies in the build context, by path.
            arguments: further arguments of `docker buildx build`.
            syntax: whether to put our syntax line on top of a text that has none.
            env: variables for the client.
            timeout: in seconds.
        """
        place = Path(tempfile.mkdtemp(dir=self._scratch))
        context = place / "context"
        text = dockerfile if "# syntax=" in dockerfile or not syntax else f"# syntax={FRONTEND}\n{dockerfile}"
        write_files(context, {"Dockerfile": text.replace(FRONTEND, self.frontend), **(files or {})})
        return self.build_folder(context, *arguments, env=env, timeout=timeout, metadata=place / "metadata.json")

    def build_folder(
        self,
        context: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        timeout: float = 600,
        metadata: Path | None = None,
    ) -> Build:
        """Build what lies in a folder, unchanged; see `attempt`."""
        name = f"pyenv-test:{uuid.uuid4().hex[:12]}"
        report = metadata or Path(tempfile.mkdtemp(dir=self._scratch)) / "metadata.json"
        command = ["docker", "buildx", "build", "--progress=plain", "--network=host", f"--metadata-file={report}"]
        if not any(argument.startswith(("--output", "-o", "--call", "--check")) for argument in arguments):
            command += [f"--tag={name}"]
        done = subprocess.run(
            [*command, *arguments, str(context)],
            # an attestation holds times: without it, equal images have equal digests in every image store
            env={**self.engine.environment(), "BUILDX_NO_DEFAULT_ATTESTATIONS": "1", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode == 0:
            self.images.append(name)
        written = json.loads(report.read_text()) if report.exists() and report.stat().st_size else {}
        return Build(code=done.returncode, log=done.stdout, image=name, metadata=written, folder=context)

    def remove_images(self) -> None:
        """Take the names off the images that were built."""
        remove_images(self.engine, self.images)


def remove_images(engine: Engine, names: Sequence[str]) -> None:
    """Remove names of images; missing ones are ignored."""
    if names:
        command = ["docker", "image", "rm", "--force", *names]
        subprocess.run(command, env=engine.environment(), capture_output=True, check=False)


def installed_environments(log: str) -> set[str]:
    """Return the environments that a build has installed, rather than taken from its cache.

    A step whose result is fetched from an imported cache is not always marked CACHED: it may end with its download.
    """
    return set(re.findall(r"Creating virtual environment at: (\S+)", log))
