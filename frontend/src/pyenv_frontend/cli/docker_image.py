"""An image of the machine's Docker engine, read through the `docker` command. Nothing in the image is run."""

from __future__ import annotations

import json
import posixpath
import shutil
import subprocess
import tarfile
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Self

from pyenv_frontend.expansion.image_limits import check_names, check_size
from pyenv_frontend.expansion.inspection import HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

__all__ = ["EngineError", "Image", "can_merge"]


class EngineError(Exception):
    """No engine answers, or it does not know the image; the text is a short reason."""


def can_merge() -> bool:
    """Return whether the engine's store can merge layers, as containerd's can; True without an engine."""
    try:
        status = _docker("info", "--format", "{{json .DriverStatus}}")
    except (EngineError, FileNotFoundError):
        return True
    return b"containerd" in status


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
        self._name = f"the base image {reference}"
        self._contents: dict[str, bytes | None] = {}
        self._names: dict[tuple[str, str], list[str]] = {}

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
    def layers(self) -> int:
        """How many layers it has."""
        return int(_docker("image", "inspect", "--format", "{{len .RootFS.Layers}}", self._reference))

    @property
    def triggers(self) -> tuple[str, ...]:
        """`ONBUILD` instructions without that word; a container's own configuration lacks them."""
        image_config = json.loads(_docker("image", "inspect", "--format", "{{json .Config}}", self._reference))
        return tuple(image_config.get("OnBuild") or ())

    def load(self, *_: Any, **__: Any) -> Iterator[None]:
        """See `expansion.inspection.Files`; here, everything is fetched when it is asked for."""
        return iter(())

    def head(self, path: str) -> bytes | None:
        """See `expansion.inspection.Files`."""
        content = self.read(path)
        return None if content is None else content[:HEAD]

    def read(self, path: str) -> bytes | None:
        """See `expansion.inspection.Files`.

        Raises:
            ImageFileError: it is too large.
        """
        if path not in self._contents:
            with self._copied(path) as archive:
                member = archive.next() if archive else None
                content = None
                if archive and member and member.isfile():
                    check_size(path, self._name, member.size)
                    content = archive.extractfile(member)
                self._contents[path] = content.read() if content else None
        return self._contents[path]

    def names(self, folder: str, pattern: str) -> list[str]:
        """See `expansion.inspection.Files`.

        Raises:
            ImageFileError: there are too many.
        """
        if (folder, pattern) not in self._names:
            names: list[str] = []
            with self._copied(folder) as archive:
                # Paths begin with the folder's own name: `bin/python3.12`.
                while archive and (member := archive.next()):
                    archive.members.clear()  # type: ignore[attr-defined]  # it would hold every entry of the folder
                    name = posixpath.basename(member.name)
                    if member.name.count("/") == 1 and fnmatchcase(name, pattern):
                        names.append(name)
                        check_names(folder, pattern, self._name, len(names))
            self._names[folder, pattern] = sorted(names)
        return self._names[folder, pattern]

    @contextmanager
    def _copied(self, path: str) -> Iterator[tarfile.TarFile | None]:
        """Stream a file or folder of the container, links followed; None if there is none."""
        command = ["docker", "cp", "--follow-link", f"{self._container}:/{path}", "-"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            try:
                archive = tarfile.open(fileobj=process.stdout, mode="r|")  # noqa: SIM115 - it holds nothing but the pipe
            except tarfile.ReadError:
                archive = None
            try:
                yield archive
            except tarfile.ReadError as error:
                raise EngineError(str(error)) from error
            finally:
                process.kill()  # of a large folder, the rest is not waited for


def _docker(*arguments: str) -> bytes:
    done = subprocess.run(["docker", *arguments], capture_output=True, check=False)  # noqa: S607 - the user's own docker
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise EngineError(lines[-1] if lines else f"docker {arguments[0]} failed")
    return done.stdout
