"""An image of the machine's Docker engine, read through the `docker` command. Nothing in the image is run."""

from __future__ import annotations

import io
import json
import posixpath
import shutil
import subprocess
import tarfile
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Self

from pyenv_frontend.expansion.base_image import HEAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

__all__ = ["EngineError", "Image"]


class EngineError(Exception):
    """No engine answers, or it does not know the image; the text is a short reason."""


class Image:
    """The configuration and the files of an image, which is pulled if it is missing.

    A container is created, never started, to copy files from; it is removed at the end of the `with` block.
    """

    def __init__(self, reference: str, platform: str | None) -> None:
        self._reference = reference
        self._named_platform = platform
        self._platform = ["--platform", platform] if platform else []
        self._container = ""
        self._config: dict[str, Any] = {}
        self._archives: dict[str, bytes] = {}

    def __enter__(self) -> Self:
        """Find the image.

        Raises:
            EngineError: there is no engine, or no such image.
        """
        if shutil.which("docker") is None:
            raise EngineError("there is no docker command here")
        # The command is never run, but an image without one needs one to create a container.
        created = ["create", "--quiet", *self._platform, self._reference, "/bin/true"]
        self._container = _docker(*created).decode().strip()
        try:
            self._config = json.loads(_docker("inspect", "--format", "{{json .Config}}", self._container))
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the container."""
        self._remove()

    def _remove(self) -> None:
        _docker("rm", "--force", self._container)

    @property
    def user(self) -> str:
        """`USER`, maybe empty."""
        return self._config.get("User") or ""

    @property
    def env(self) -> dict[str, str]:
        """`ENV`."""
        pairs = (entry.partition("=") for entry in self._config.get("Env") or ())
        return {name: value for name, _, value in pairs}

    @property
    def architecture(self) -> str:
        """`amd64`."""
        if self._named_platform:
            return self._named_platform.split("/")[1]
        return _docker("image", "inspect", "--format", "{{.Architecture}}", self._reference).decode().strip()

    @property
    def triggers(self) -> tuple[str, ...]:
        """`ONBUILD` instructions without that word; a container's own configuration lacks them."""
        image_config = json.loads(_docker("image", "inspect", "--format", "{{json .Config}}", self._reference))
        return tuple(image_config.get("OnBuild") or ())

    def load(
        self,
        files: Iterable[str] = (),
        *,
        folders: Iterable[tuple[str, str]] = (),
        heads: Iterable[str] = (),
        looks: Iterable[str] = (),
    ) -> Iterator[None]:
        """See `expansion.base_image.Files`; here, everything is fetched when it is asked for."""
        del files, folders, heads, looks
        return iter(())

    def head(self, path: str) -> bytes | None:
        """See `expansion.base_image.Files`."""
        content = self.read(path)
        return None if content is None else content[:HEAD]

    def read(self, path: str) -> bytes | None:
        """See `expansion.base_image.Files`."""
        archive = self._copied(path)
        member = archive.next() if archive else None
        content = archive.extractfile(member) if archive and member and member.isfile() else None
        return content.read() if content else None

    def names(self, folder: str, pattern: str) -> list[str]:
        """See `expansion.base_image.Files`."""
        archive = self._copied(folder)
        # Paths begin with the folder's own name: `bin/python3.12`.
        members = archive.getnames() if archive else []
        inside = [posixpath.basename(name) for name in members if name.count("/") == 1]
        return sorted(name for name in inside if fnmatchcase(name, pattern))

    def _copied(self, path: str) -> tarfile.TarFile | None:
        """Return a file or folder of the container, links followed; None if there is none."""
        if path not in self._archives:
            try:
                data = _docker("cp", "--follow-link", f"{self._container}:/{path}", "-")
            except EngineError:
                return None
            self._archives[path] = data
        return tarfile.open(fileobj=io.BytesIO(self._archives[path]))


def _docker(*arguments: str) -> bytes:
    done = subprocess.run(["docker", *arguments], capture_output=True, check=False)  # noqa: S607 - the user's own docker
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise EngineError(lines[-1] if lines else f"docker {arguments[0]} failed")
    return done.stdout
