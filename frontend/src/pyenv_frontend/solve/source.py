"""Find the Dockerfile as Docker does: in the client's folder, an input, a git repository or a download.

Source of truth: BuildKit `frontend/dockerui/context.go` and `config.go` (`ReadEntrypoint`). What cannot be read here is
left to Docker's own frontend, which reports what is wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import llb, results
from pyenv_frontend.buildkit.api import RefId
from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.solve import client_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.buildkit.api import Bridge
    from pyenv_frontend.solve.build_options import BuildOptions

__all__ = ["UserFile", "mentions_pyenv", "read"]

_DEFAULT = "Dockerfile"
_IGNORE = ".dockerignore"
_DOWNLOAD = "context"
"""The name under which a download of `http://` is stored; a download that is no archive is the Dockerfile itself."""
_SNIFFED = 1024
_PART = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFile:
    """The Dockerfile as the user wrote it, and where it was read."""

    name: str
    """Its path inside `definition`, also its name in messages."""
    text: bytes
    definition: wire.Definition
    """The graph of the file system that holds it."""
    ref: RefId
    context: wire.Definition | None
    """The graph of a build context that is not the client's folder; it has to be passed on as an input."""

    @property
    def step(self) -> str:
        """Digest of the step that loaded the file; the client has seen it, so warnings can refer to it."""
        return llb.output_of(self.definition).digest

    @property
    def info(self) -> wire.SourceInfo:
        """The file as warnings refer to it."""
        return results.source_info(self.name, self.text, self.definition)


@dataclass(frozen=True, slots=True, kw_only=True)
class _DockerfileSource:
    """The location of the Dockerfile."""

    name: str
    definition: wire.Definition
    context: wire.Definition | None


def read(bridge: Bridge, options: BuildOptions, inputs: Mapping[str, wire.Definition]) -> UserFile | None:
    """Read the Dockerfile; None if that is not possible, which Docker's own frontend then reports.

    Args:
        bridge: the engine.
        options: the build's options.
        inputs: graphs that the client passed, by name.
    """
    try:
        source = _find(bridge, options, inputs)
        ref = RefId(bridge.solve(source.definition).get().ref.id)
        text = _first_of(bridge, ref, _spellings(source.name))
    except (CallError, ValueError):
        return None
    return UserFile(name=source.name, text=text, definition=source.definition, ref=ref, context=source.context)


def mentions_pyenv(text: bytes) -> bool:
    """Tell whether the text can contain a PYENV; True may be wrong, False never is.

    Most files have no PYENV, and are not parsed any further. Comments do not count, since our own name is on the syntax
    line. An instruction's name may be broken by a continuation line; the text before the first break is then the
    beginning of the name.
    """
    lower = text.lower()
    if re.search(rb"p(?:y(?:e(?:n)?)?)?[\\`][ \t\r]*\n", lower):
        return True
    return any(b"pyenv" in line and not line.lstrip().startswith(b"#") for line in lower.split(b"\n"))


def _find(bridge: Bridge, options: BuildOptions, inputs: Mapping[str, wire.Definition]) -> _DockerfileSource:
    if options.context is not None and (remote := _remote(bridge, options, options.context)) is not None:
        if options.dockerfile_forced:
            return _DockerfileSource(name=options.filename, definition=_local(options), context=remote.context)
        return remote
    context = inputs.get("context")
    dockerfile = None if options.dockerfile_forced else inputs.get(options.dockerfile_local)
    return _DockerfileSource(
        name=options.filename, definition=dockerfile or _local(options), context=_scoped(context, options)
    )


def _remote(bridge: Bridge, options: BuildOptions, address: str) -> _DockerfileSource | None:
    """Resolve a context's address; None if it is neither a git repository nor a download."""
    from pyenv_frontend.solve import git  # noqa: PLC0415  # most builds have a local context and need no git

    repository = git.parse(address)
    if repository is not None:
        graph = llb.definition(git.source(repository, options))
        return _DockerfileSource(
            name=options.filename, definition=_scope(graph, options), context=_scope(graph, options)
        )
    if not address.startswith(("http://", "https://")):
        return None
    download = llb.source(address, {"http.filename": _DOWNLOAD}, "[internal] load remote build context")
    graph = llb.definition(download)
    ref = RefId(bridge.solve(graph).get().ref.id)
    head = bridge.read_file(ref, _DOWNLOAD, _SNIFFED).get()
    if not _is_archive(head):
        graph = _scope(graph, options)
        return _DockerfileSource(name=_DOWNLOAD, definition=graph, context=graph)
    unpacked = llb.copied(download, "/" + _DOWNLOAD, "[internal] unpack remote build context", unpack=True)
    graph = _scope(llb.definition(unpacked), options)
    return _DockerfileSource(name=options.filename, definition=graph, context=graph)


def _scoped(context: wire.Definition | None, options: BuildOptions) -> wire.Definition | None:
    return None if context is None else _scope(context, options)


def _scope(graph: wire.Definition, options: BuildOptions) -> wire.Definition:
    """Narrow a context to the folder that the client asks for."""
    if not options.context_subdir:
        return graph
    folder = "/" + options.context_subdir.strip("/")
    return llb.definition(llb.copied(llb.output_of(graph), folder, "", contents=True))


def _local(options: BuildOptions) -> wire.Definition:
    """Load the Dockerfile's folder from the client: only the file, its ignore file and its other spelling."""
    folder = options.dockerfile_local
    attrs = {"local.differ": "none", "local.followpaths": client_folder.path_list(_followed(options.filename))}
    step = f"[internal] load build definition from {options.filename}"
    return client_folder.load(options, folder, attrs, hint=folder, step=step)


def _followed(filename: str) -> list[str]:
    return [filename, filename + _IGNORE, *_spellings(filename)[1:]]


def _spellings(filename: str) -> list[str]:
    """Return the names to try: `Dockerfile` may be spelt `dockerfile`."""
    folder, slash, base = filename.rpartition("/")
    return [filename, folder + slash + base.lower()] if base == _DEFAULT else [filename]


def _first_of(bridge: Bridge, ref: RefId, names: list[str]) -> bytes:
    for name in names[:-1]:
        try:
            return _whole(bridge, ref, name)
        except CallError:
            continue
    return _whole(bridge, ref, names[-1])


def _whole(bridge: Bridge, ref: RefId, name: str) -> bytes:
    """Read a file, in parts if it does not fit into one message."""
    try:
        return bridge.read_file(ref, name).get()
    except CallError as error:
        if not error.status.is_too_large:
            raise
    text = bytearray()
    while part := bridge.read_file(ref, name, _PART, len(text)).get():
        text += part
    return bytes(text)


def _is_archive(head: bytes) -> bool:
    """Tell an archive by its first bytes: bzip2, gzip, xz, or a tar header with a valid checksum."""
    if head.startswith((b"BZh", b"\x1f\x8b\x08", b"\xfd7zXZ\x00")):
        return True
    header = head[:512]
    stored = header[148:156].strip(b" \0")
    if len(header) < 512 or not stored:
        return False
    blanked = header[:148] + b" " * 8 + header[156:]
    try:
        return sum(blanked) == int(stored, 8)
    except ValueError:
        return False
