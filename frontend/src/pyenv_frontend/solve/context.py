"""The build context, read through the engine: only the files that are read leave the client.

`inputs` follows requirements files through it. A local context is the client's folder: each set of paths is a separate
load, so paths that are known in advance are loaded together. Any other context is one file system in the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pyenv_frontend.buildkit import llb
from pyenv_frontend.buildkit.api import RefId
from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.inputs.build_context import LARGEST, NotInContextError, UnreadableFileError, too_large
from pyenv_frontend.inputs.links import follow_links
from pyenv_frontend.inputs.references import references
from pyenv_frontend.pyenv.invalid_value import InvalidValue
from pyenv_frontend.solve import client_folder
from pyenv_frontend.together import finish, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.buildkit.api import Bridge, FileStat, Reply
    from pyenv_frontend.inputs.dockerignore import DockerIgnore
    from pyenv_frontend.solve.build_options import BuildOptions
    from pyenv_frontend.together import Task

__all__ = ["ClientFolder", "ContextFiles", "EngineFileSystem"]

_FOLDER = "context"
_PART = 8 << 20
"""How much is read at once, in bytes: a message of the engine holds no more than 16 MiB."""
_STEP = "[internal] load what PYENV refers to"
_ABSENT = ("no such file", "not found", "not a directory", "is a directory", "too many links")


class ContextStore(Protocol):
    """A place in which paths of the context are looked up."""

    def load(self, paths: Iterable[str]) -> None:
        """Start to load several files at once."""
        ...

    def look(self, paths: Iterable[str]) -> None:
        """Start to load at once what `metadata` of several paths is."""
        ...

    def contents(self, path: str) -> RefId:
        """Return a file system that has the file, if the context has it."""
        ...

    def metadata(self, path: str) -> RefId:
        """Return a file system in which the path can be inspected."""
        ...

    def listing(self, folder: str) -> RefId:
        """Return a file system that has the names in the folder."""
        ...

    @property
    def is_partial(self) -> bool:
        """Whether what was loaded has few files besides: a listing of it is short."""
        ...


class EngineFileSystem:
    """A context that is one file system in the engine: git, a download, the result of another build."""

    is_partial = False

    def __init__(self, bridge: Bridge, definition: wire.Definition) -> None:
        self._bridge = bridge
        self._definition = definition
        self._reply: Reply[wire.Result] | None = None

    def load(self, paths: Iterable[str] = ()) -> None:
        """See `ContextStore.load`."""
        del paths
        self._solve()

    look = load

    def contents(self, path: str = "") -> RefId:
        """See `ContextStore.contents`."""
        del path
        return _ref(self._solve())

    metadata = listing = contents

    def _solve(self) -> Reply[wire.Result]:
        self._reply = self._reply or self._bridge.solve(self._definition)
        return self._reply


class ClientFolder:
    """The client's folder."""

    is_partial = True

    def __init__(self, bridge: Bridge, options: BuildOptions) -> None:
        self._bridge = bridge
        self._options = options
        self._contents: dict[str, Reply[wire.Result]] = {}
        self._metadata: dict[str, Reply[wire.Result]] = {}
        self._listed: dict[str, Reply[wire.Result]] = {}

    def load(self, paths: Iterable[str]) -> None:
        """See `ContextStore.load`."""
        if missing := sorted({*paths} - self._contents.keys()):
            reply = self._solve({"local.followpaths": client_folder.path_list([llb.literal(path) for path in missing])})
            self._contents.update(dict.fromkeys(missing, reply))

    def look(self, paths: Iterable[str]) -> None:
        """See `ContextStore.look`."""
        missing = {*paths} - self._contents.keys() - self._metadata.keys()
        # A folder is loaded without its contents, so what is in it is loaded apart.
        inside = {path for path in missing if not missing.isdisjoint(_folders(path)[1:])}
        if top := sorted(missing - inside):
            reply = self._solve(_only(llb.literal(path) for path in top))
            self._metadata.update(dict.fromkeys(top, reply))
            self.look(inside)

    def contents(self, path: str) -> RefId:
        """See `ContextStore.contents`."""
        self.load([path])
        return _ref(self._contents[path])

    def metadata(self, path: str) -> RefId:
        """See `ContextStore.metadata`; a folder is loaded without its contents."""
        self.look([path])
        return _ref(self._contents.get(path) or self._metadata[path])

    def listing(self, folder: str) -> RefId:
        """See `ContextStore.listing`."""
        if folder not in self._listed:
            self._listed[folder] = self._solve(_only([f"{llb.literal(folder)}/*" if folder else "*"]))
        return _ref(self._listed[folder])

    def _solve(self, attrs: dict[str, str]) -> Reply[wire.Result]:
        graph = client_folder.load(self._options, _FOLDER, attrs, hint=f"{_FOLDER}-pyenv", step=_STEP)
        return self._bridge.solve(graph)


class ContextFiles:
    """`inputs.build_context.BuildContext` over the engine."""

    def __init__(self, bridge: Bridge, store: ContextStore, rules: Callable[[], DockerIgnore]) -> None:
        self._bridge = bridge
        self._store = store
        self._rules = rules
        self._files: dict[str, bytes | Exception] = {}
        """What was read, or the reason why it was not."""
        self._entries: dict[str, FileStat | None] = {}
        self._listings: dict[tuple[RefId, str], dict[str, FileStat]] = {}
        """Each folder is listed once, however many of its files are read."""

    def load(self, paths: Iterable[str]) -> Task[None]:
        """Load several files at once, and those that they name in turn, which are read one by one later.

        What the ignore file excludes is loaded all the same, and cannot be read.
        """
        waiting = {*paths}
        while waiting := waiting - self._files.keys():
            yield from self._load(waiting)
            contents = {path: content for path in waiting if isinstance(content := self._files[path], bytes)}
            waiting = {name for path, content in contents.items() for name in references(path, content)}

    def look(self, paths: Iterable[str]) -> Task[None]:
        """Inspect several paths at once, for `exists`."""
        waiting = [path for path in dict.fromkeys(paths) if path not in self._entries]
        if not waiting:
            return
        self._store.look(waiting)
        yield
        stats = {path: self._bridge.stat_file(self._store.metadata(path), path) for path in waiting}
        yield
        for path, stat in stats.items():
            try:
                self._entries[path] = stat.get()
            except CallError as error:
                if not _absent(error):
                    raise
                self._entries[path] = None

    def read(self, path: str) -> bytes:
        """Read a file; see `BuildContext`."""
        if self.ignored_by(path):
            raise NotInContextError(path)
        finish(self.load([path]))
        content = self._files[path]
        if isinstance(content, Exception):
            raise content
        # The engine follows links regardless of the ignore file; the install step gets only what that file lets in.
        if self._rules().patterns and self._leads_to_ignored(self._store.contents(path), path):
            raise NotInContextError(path)
        return content

    def exists(self, path: str) -> bool:
        """Tell whether there is such a path; see `BuildContext`."""
        if not path:
            return True
        if self.ignored_by(path):
            return False
        if isinstance(self._files.get(path), bytes):
            return True
        finish(self.look([path]))
        return self._entries[path] is not None

    def names(self, folder: str) -> tuple[str, ...]:
        """List a folder; see `BuildContext`."""
        prefix = f"{folder}/" if folder else ""
        names = self._list(self._store.listing(folder), folder)
        return tuple(sorted(name for name in names if not self.ignored_by(prefix + name)))

    def link_target(self, path: str) -> str:
        """Return the target of a symbolic link; see `BuildContext`."""
        return self._link(self._store.listing(path.rpartition("/")[0]), path)

    def ignored_by(self, path: str) -> str:
        """Return the ignore file that excludes a path; see `BuildContext`."""
        rules = self._rules()
        return rules.name if rules.ignores(path) else ""

    def _load(self, paths: Iterable[str]) -> Task[None]:
        self._store.load(paths)
        yield
        refs = {path: self._store.contents(path) for path in paths}
        if self._store.is_partial:
            folders = {(ref, folder) for path, ref in refs.items() for folder in _folders(path)}
            missing = sorted(folders - self._listings.keys())
            replies = [self._bridge.read_dir(ref, folder or "/") for ref, folder in missing]
            yield
            self._listings |= dict(zip(missing, map(_by_name, replies), strict=True))
        contents = yield from side_by_side(*(self._load_file(ref, path) for path, ref in refs.items()))
        self._files |= dict(zip(refs, contents, strict=True))

    def _load_file(self, ref: RefId, path: str) -> Task[bytes | Exception]:
        """Read a file, unless it is not a regular one or too large."""
        try:
            folder, _, name = path.rpartition("/")
            entry = self._listings[ref, folder].get(name) if self._store.is_partial else None
            if entry is None and self._store.is_partial:
                return NotInContextError(path)
            if entry is None or entry.link:  # of a further name of a file, too, a listing does not have the size
                stat = self._bridge.stat_file(ref, path)
                yield
                entry = stat.get()
            if entry.is_dir:
                return NotInContextError(path)
            if not entry.is_regular:
                return UnreadableFileError(f"is {entry.kind}, and not a file")
            if entry.size > LARGEST:
                return too_large(entry.size)
            parts = [self._bridge.read_file(ref, path, _PART, start) for start in range(0, entry.size, _PART)]
            yield
            return b"".join(part.get() for part in parts)
        except CallError as error:
            if _absent(error):
                return NotInContextError(path)
            raise

    def _leads_to_ignored(self, ref: RefId, path: str) -> bool:
        try:
            return bool(self.ignored_by(follow_links(path, lambda link: self._link(ref, link))))
        except InvalidValue:
            return True

    def _link(self, ref: RefId, path: str) -> str:
        """Return the target of the link at a path of a file system; listings show links, `stat` follows them."""
        folder, _, name = path.rpartition("/")
        entry = self._list(ref, folder).get(name)
        return entry.link if entry is not None and entry.is_link else ""

    def _list(self, ref: RefId, folder: str) -> Mapping[str, FileStat]:
        if (ref, folder) not in self._listings:
            self._listings[ref, folder] = _by_name(self._bridge.read_dir(ref, folder or "/"))
        return self._listings[ref, folder]


def _ref(reply: Reply[wire.Result]) -> RefId:
    return RefId(reply.get().ref.id)


def _folders(path: str) -> list[str]:
    """Return the folders on the way to a path; the context itself is an empty one."""
    words = path.split("/")
    return ["/".join(words[:length]) for length in range(len(words))]


def _by_name(reply: Reply[Sequence[FileStat]]) -> dict[str, FileStat]:
    try:
        return {entry.path.rpartition("/")[2]: entry for entry in reply.get()}
    except CallError as error:
        if not _absent(error):
            raise
        return {}


def _only(patterns: Iterable[str]) -> dict[str, str]:
    """Return the attributes that load what patterns match, without the contents of folders."""
    patterns = [*patterns]
    return {
        "local.includepattern": client_folder.path_list(patterns),
        "local.excludepatterns": client_folder.path_list([f"{pattern}/*" for pattern in patterns]),
    }


def _absent(error: CallError) -> bool:
    return any(words in error.status.message for words in _ABSENT)
