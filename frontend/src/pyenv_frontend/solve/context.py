"""The build context, read through the engine: only the files that are read leave the client.

`inputs` follows requirements files through it. A local context is the client's folder: each set of paths is a separate
load, so paths that are known in advance are loaded together. Any other context is one file system in the engine.
"""

from __future__ import annotations

__all__ = ["ClientFolder", "ContextFiles", "EngineFileSystem", "read_ignore_file"]

import json
from typing import TYPE_CHECKING, Protocol

from pyenv_frontend.buildkit import llb
from pyenv_frontend.buildkit.api import RefId
from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.inputs.build_context import NotInContextError
from pyenv_frontend.inputs.dockerignore import DockerIgnore, parse_dockerignore
from pyenv_frontend.inputs.links import follow_links
from pyenv_frontend.pyenv.invalid_value import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.buildkit.api import Bridge, FileStat
    from pyenv_frontend.solve.build_options import BuildOptions
    from pyenv_frontend.solve.source import UserFile

_FOLDER = "context"
_IGNORE = ".dockerignore"
_STEP = "[internal] load what PYENV refers to"
_ABSENT = ("no such file", "not found", "not a directory", "is a directory", "too many links")


class ContextStore(Protocol):
    """Where a path of the context is looked up."""

    def contents(self, path: str) -> RefId:
        """Return a file system that has the file, if the context has it."""
        ...

    def metadata(self, path: str) -> RefId:
        """Return a file system in which the path can be inspected."""
        ...

    def listing(self, folder: str) -> RefId:
        """Return a file system that has the names in the folder."""
        ...


class EngineFileSystem:
    """A context that is one file system in the engine: git, a download, the result of another build."""

    def __init__(self, bridge: Bridge, definition: wire.Definition) -> None:
        self._bridge = bridge
        self._definition = definition
        self._ref: RefId | None = None

    def contents(self, path: str = "") -> RefId:
        """See `ContextStore.contents`."""
        del path
        if self._ref is None:
            self._ref = RefId(self._bridge.solve(self._definition).get().ref.id)
        return self._ref

    metadata = listing = contents


class ClientFolder:
    """The client's folder."""

    def __init__(self, bridge: Bridge, options: BuildOptions) -> None:
        self._bridge = bridge
        self._session = options.local_sessions.get(_FOLDER, options.session)
        self._contents: dict[str, RefId] = {}
        self._metadata: dict[str, RefId] = {}

    def load(self, paths: Iterable[str]) -> None:
        """Load several files at once."""
        missing = sorted(set(paths) - self._contents.keys())
        if missing:
            ref = self._solve({"local.followpaths": _json([llb.literal(path) for path in missing])}, _STEP)
            self._contents.update(dict.fromkeys(missing, ref))

    def contents(self, path: str) -> RefId:
        """See `ContextStore.contents`."""
        self.load([path])
        return self._contents[path]

    def metadata(self, path: str) -> RefId:
        """See `ContextStore.metadata`; a folder is loaded without its contents."""
        if path in self._contents:
            return self._contents[path]
        if path not in self._metadata:
            self._metadata[path] = self._solve(_only(llb.literal(path)), _STEP)
        return self._metadata[path]

    def listing(self, folder: str) -> RefId:
        """See `ContextStore.listing`."""
        return self._solve(_only(f"{llb.literal(folder)}/*" if folder else "*"), _STEP)

    def ignore_file(self) -> bytes:
        """Read the folder's own `.dockerignore`, by the same op as Docker's frontend; empty if there is none."""
        attrs = {"local.differ": "none", "local.followpaths": _json([_IGNORE])}
        ref = self._solve(attrs, f"[internal] load {_IGNORE}", hint=f"{_FOLDER}-{_IGNORE}")
        try:
            return self._bridge.read_file(ref, _IGNORE).get()
        except CallError:
            return b""

    def _solve(self, attrs: dict[str, str], name: str, hint: str = f"{_FOLDER}-pyenv") -> RefId:
        attrs = attrs | {"local.session": self._session, "local.sharedkeyhint": hint}
        graph = llb.definition(llb.source(f"local://{_FOLDER}", attrs, name))
        return RefId(self._bridge.solve(graph).get().ref.id)


class ContextFiles:
    """`inputs.build_context.BuildContext` over the engine."""

    def __init__(self, bridge: Bridge, store: ContextStore, ignore: DockerIgnore) -> None:
        self._bridge = bridge
        self._store = store
        self._ignore = ignore
        self._links: dict[tuple[RefId, str], dict[str, str]] = {}
        """The targets of a folder's links by name; each folder is listed once, however many of its files are read."""

    def read(self, path: str) -> bytes:
        """Read a file; see `BuildContext`."""
        if self.ignored_by(path):
            raise NotInContextError(path)
        try:
            ref = self._store.contents(path)
            content = self._bridge.read_file(ref, path).get()
        except CallError as error:
            if _absent(error):
                raise NotInContextError(path) from error
            raise
        # The engine follows links regardless of the ignore file; the install step gets only what that file lets in.
        if self._ignore.patterns and self._leads_to_ignored(ref, path):
            raise NotInContextError(path)
        return content

    def exists(self, path: str) -> bool:
        """Tell whether there is such a path; see `BuildContext`."""
        return not path or self._entry(path) is not None

    def names(self, folder: str) -> tuple[str, ...]:
        """List a folder; see `BuildContext`."""
        try:
            entries: Sequence[FileStat] = self._bridge.read_dir(self._store.listing(folder), folder or "/").get()
        except CallError as error:
            if _absent(error):
                return ()
            raise
        names = [entry.path.rpartition("/")[2] for entry in entries]
        prefix = f"{folder}/" if folder else ""
        return tuple(sorted(name for name in names if not self.ignored_by(prefix + name)))

    def link_target(self, path: str) -> str:
        """Return the target of a symbolic link; see `BuildContext`."""
        return self._link(self._store.listing(path.rpartition("/")[0]), path)

    def ignored_by(self, path: str) -> str:
        """Return the ignore file that excludes a path; see `BuildContext`."""
        return self._ignore.name if self._ignore.ignores(path) else ""

    def _leads_to_ignored(self, ref: RefId, path: str) -> bool:
        try:
            return bool(self.ignored_by(follow_links(path, lambda link: self._link(ref, link))))
        except InvalidValue:
            return True

    def _link(self, ref: RefId, path: str) -> str:
        """Return the target of the link at a path of a file system; listings show links, `stat` follows them."""
        folder, _, name = path.rpartition("/")
        if (ref, folder) not in self._links:
            try:
                entries: Sequence[FileStat] = self._bridge.read_dir(ref, folder or "/").get()
            except CallError as error:
                if not _absent(error):
                    raise
                entries = ()
            self._links[ref, folder] = {entry.path.rpartition("/")[2]: entry.link for entry in entries if entry.link}
        return self._links[ref, folder].get(name, "")

    def _entry(self, path: str) -> FileStat | None:
        if self.ignored_by(path):
            return None
        try:
            return self._bridge.stat_file(self._store.metadata(path), path).get()
        except CallError as error:
            if _absent(error):
                return None
            raise


def read_ignore_file(
    bridge: Bridge, file: UserFile, folder: ClientFolder
) -> tuple[DockerIgnore, tuple[str, bytes] | None]:
    """Find the ignore file of a local context: the Dockerfile's own, or else the folder's.

    Returns:
        Its rules, and name and text of the Dockerfile's own, which Docker's frontend looks for beside the Dockerfile.
    """
    own = file.ignore_file(bridge)
    if own is None:
        return parse_dockerignore(folder.ignore_file()), own
    return parse_dockerignore(own[1], own[0]), own


def _only(pattern: str) -> dict[str, str]:
    """Return the attributes that load what a pattern matches, without the contents of folders."""
    return {"local.includepattern": _json([pattern]), "local.excludepatterns": _json([f"{pattern}/*"])}


def _json(paths: Sequence[str]) -> str:
    return json.dumps(paths, separators=(",", ":"))


def _absent(error: CallError) -> bool:
    return any(words in error.status.message for words in _ABSENT)
