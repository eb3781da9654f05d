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
    """The result of a build."""

    code: int
    """The exit code of the client."""
    log: str
    """The output of the client (`--progress=plain`)."""
    image: str
    """The name of the built image."""
    metadata: dict[str, object]
    """The content of the client's `--metadata-file`, empty if the build failed."""
    folder: Path
    """The build context."""

    @property
    def digest(self) -> str:
        """The digest of the image; equal images on one engine have equal digests."""
        return str(self.metadata.get("containerimage.config.digest") or self.metadata["containerimage.digest"])

    @property
    def steps(self) -> list[str]:
        """The names of the steps in the order of the log, without duplicates and without the log's numbers."""
        named = [line.partition(" ")[2] for line in self.log.splitlines() if line.startswith("#")]
        return list(dict.fromkeys(name for name in named if name.startswith("[")))

    @property
    def cached(self) -> list[str]:
        """The names of the cached steps."""
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
    """Builds Dockerfiles on an engine."""

    def __init__(self, engine: Engine, frontend: str, scratch: Path) -> None:
        self.engine = engine
        self.frontend = frontend
        self.images: list[str] = []
        self._scratch = scratch

    def __call__(self, dockerfile: str, files: Files | None = None, *arguments: str, **options: Any) -> Build:
        """Build a Dockerfile, and fail the test if the build fails. See `attempt`."""
        build = self.attempt(dockerfile, files, *arguments, **options)
        assert build.code == 0, f"the build failed with {build.code}:\n{build.log[-6000:]}"
        return build

    def fails(self, dockerfile: str, files: Files | None = None, *arguments: str, **options: Any) -> Build:
        """Build a Dockerfile, and fail the test if the build succeeds. See `attempt`."""
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
            dockerfile: its text; `pyenv-frontend:dev` in its syntax line stands for the frontend of this checkout.
            files: the other files of the build context, by path.
            arguments: additional arguments of `docker buildx build`.
            syntax: whether to add our syntax line to a text that has none.
            env: additional environment variables of the client.
            timeout: the timeout in seconds.
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
        """Build an existing context folder; see `attempt`."""
        name = f"pyenv-test:{uuid.uuid4().hex[:12]}"
        report = metadata or Path(tempfile.mkdtemp(dir=self._scratch)) / "metadata.json"
        command = ["docker", "buildx", "build", "--progress=plain", "--network=host", f"--metadata-file={report}"]
        if not any(argument.startswith(("--output", "-o", "--call", "--check")) for argument in arguments):
            command += [f"--tag={name}"]
        done = subprocess.run(
            [*command, *arguments, str(context)],
            # Attestations contain times; without them, equal images have equal digests in every image store.
            env={**self.engine.environment(), "BUILDX_NO_DEFAULT_ATTESTATIONS": "1", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
        if done.returncode == 0:
            self.images.append(name)
        written = json.loads(report.read_text()) if report.exists() and report.stat().st_size else {}
        return Build(code=done.returncode, log=done.stdout, image=name, metadata=written, folder=context)

    def remove_images(self) -> None:
        """Remove the names of the images that were built."""
        remove_images(self.engine, self.images)


def remove_images(engine: Engine, names: Sequence[str]) -> None:
    """Remove names of images; missing names are ignored."""
    if names:
        command = ["docker", "image", "rm", "--force", *names]
        subprocess.run(command, env=engine.environment(), capture_output=True, check=False)


def installed_environments(log: str) -> set[str]:
    """Return the environments that a build has installed instead of using its cache.

    A step that comes from an imported cache is not always marked CACHED: its log may end with the download.
    """
    return set(re.findall(r"Creating virtual environment at: (\S+)", log))
