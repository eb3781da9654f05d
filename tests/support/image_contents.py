"""The contents of a built image, read through the engine's API."""

import contextlib
import dataclasses
import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from typing import Any

import docker
from docker.models.containers import Container

__all__ = ["Entry", "Image", "Ran"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """The result of a command in a container."""

    code: int
    out: str
    err: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of an image, as described by its tar entry."""

    kind: str
    """`file`, `folder`, `link` or `other`."""
    mode: int
    uid: int
    gid: int
    mtime: int
    target: str
    """The target of a link."""
    digest: str
    """The SHA-256 digest of a file's content."""


class Image:
    """An image on an engine."""

    def __init__(self, client: docker.DockerClient, name: str) -> None:
        self.name = name
        self._client = client
        self._image = client.images.get(name)

    @property
    def config(self) -> dict[str, Any]:
        """The image's configuration (`Env`, `User`, `Cmd` and so on)."""
        return dict(self._image.attrs["Config"])

    @property
    def env(self) -> dict[str, str]:
        """The environment variables of the image."""
        return dict(pair.split("=", 1) for pair in self.config.get("Env") or [])

    @property
    def layers(self) -> list[str]:
        """The digests of the image's uncompressed layers, starting with the lowest."""
        return list(self._image.attrs["RootFS"]["Layers"])

    @property
    def size(self) -> int:
        """The uncompressed size of the image in bytes."""
        return int(self._image.attrs["Size"])

    def history(self) -> list[str]:
        """Return the instructions that made the image, oldest first."""
        return [str(entry["CreatedBy"]) for entry in reversed(self._image.history())]

    def run(self, *command: str, timeout: float = 120, **options: Any) -> Ran:
        """Run a command in a container of the image, without its entry point.

        Args:
            command: a program with its arguments; a single text is a shell command.
            timeout: the timeout in seconds.
            options: keyword arguments of the Docker SDK, such as `user`, `environment` or `read_only`.
        """
        line = ["/bin/sh", "-c", command[0]] if len(command) == 1 else list(command)
        options = {"network_mode": "host", "entrypoint": line[:1], "command": line[1:], **options}
        container = self._client.containers.create(self.name, **options)
        try:
            container.start()
            code = container.wait(timeout=timeout)["StatusCode"]
            out = container.logs(stdout=True, stderr=False).decode(errors="replace")
            err = container.logs(stdout=False, stderr=True).decode(errors="replace")
        finally:
            container.remove(force=True)
        return Ran(code=code, out=out, err=err)

    def read(self, path: str) -> bytes:
        """Return the content of a file in the image.

        Raises:
            FileNotFoundError: the file does not exist in the image.
        """
        with self._made() as container:
            try:
                chunks, _ = container.get_archive(path)
            except docker.errors.NotFound as problem:
                raise FileNotFoundError(path) from problem
            with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
                file = tar.extractfile(tar.getmembers()[0])
                return file.read() if file else b""

    def exists(self, path: str) -> bool:
        """Tell whether a path exists in the image."""
        with self._made() as container:
            try:
                _, stat = container.get_archive(path)
            except docker.errors.NotFound:
                return False
            return bool(stat)

    def files(self, below: str = "/") -> Mapping[str, Entry]:
        """Return all entries below a folder of the image, by absolute path."""
        with self._made() as container:
            exported = b"".join(container.export())
        with tarfile.open(fileobj=io.BytesIO(exported)) as tar:
            listed = {f"/{member.name.strip('/')}": _entry(tar, member) for member in tar}
        root = below.rstrip("/")
        return {path: entry for path, entry in listed.items() if path == root or path.startswith(f"{root}/")}

    def saved(self) -> bytes:
        """Return the image as `docker save` writes it, with all layers, the configuration and the history."""
        return b"".join(self._image.save())

    @contextlib.contextmanager
    def _made(self) -> Iterator[Container]:
        container = self._client.containers.create(self.name, entrypoint=["/none"], command=[])
        try:
            yield container
        finally:
            container.remove(force=True)


def _entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    content = tar.extractfile(member) if member.isfile() else None
    kind = "file" if content else "folder" if member.isdir() else "link" if member.issym() else "other"
    return Entry(
        kind=kind,
        mode=member.mode,
        uid=member.uid,
        gid=member.gid,
        mtime=int(member.mtime),
        target=member.linkname,
        digest=hashlib.sha256(content.read()).hexdigest() if content else "",
    )
