"""A fake engine for unit tests: it has a file system for each solved graph, and records all calls."""

# ruff: noqa: ARG002 - the arguments are those of the real engine

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch

from pyenv_frontend.buildkit import llb
from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.api import FileStat, ImageFacts, RefId
from pyenv_frontend.buildkit.status import CallError, Status

FOLDER, LINK, PIPE = 1 << 31, 1 << 27, 1 << 25
"""Modes of files other than regular ones."""


@dataclass
class FakeBridge:
    """Has a file system for each source identifier; calls for any other source are errors.

    All pending answers arrive when the caller first waits for one of them, which counts as a round.
    """

    systems: dict[str, dict[str, bytes | int | str]] = field(default_factory=dict)
    """The content of a file, the mode of another kind of file, or the target of a link."""
    results: list[wire.Result | Status] = field(default_factory=list)
    """The answers of nested frontends, in order."""
    answer: Callable[[dict[str, str], bytes], wire.Result | Status] | None = None
    """Computes the answer from the options and the Dockerfile instead."""
    calls: list[tuple[object, ...]] = field(default_factory=list)
    notices: list[object] = field(default_factory=list)
    images: list[ImageFacts | Status] = field(default_factory=list)
    """The answers to lookups of images, in order; after these, an image without a digest and with `config`."""
    config: bytes = b"{}"
    sizes: dict[str, int] = field(default_factory=dict)
    """The reported sizes of files, by path."""
    twins: dict[str, str] = field(default_factory=dict)
    """Hard links, with the first name of each file in the same folder."""
    rounds: int = 0
    """The number of times that a caller has waited."""

    def ping(self):
        return Answer(self, wire.PongResponse())

    def inputs(self):
        return Answer(self, {})

    def solve(self, definition):
        first = wire.Op.FromString(definition.ops[0])
        identifier = first.source.identifier or llb.digest_of(definition.ops[0])
        self.calls.append(("solve", identifier, dict(first.source.attrs)))
        return Answer(self, wire.Result(ref=wire.Ref(id=identifier, definition=definition)))

    def solve_frontend(self, frontend, options, inputs):
        self.calls.append(("frontend", frontend, dict(options), sorted(inputs)))
        if self.answer is None:
            return Answer(self, self.results.pop(0))
        written = wire.Op.FromString(inputs["dockerfile"].ops[0])
        return Answer(self, self.answer(dict(options), written.file.actions[0].mkfile.data))

    def read_file(self, ref: RefId, path, length=None, offset=0):
        self.calls.append(("read", ref, path))
        content = self._entry(ref, path)
        if not isinstance(content, bytes):
            return Answer(self, Status(f"open /{path}: no such file or directory"))
        return Answer(self, content[offset : offset + length] if length else content)

    def read_dir(self, ref, path, pattern=""):
        self.calls.append(("list", ref, path))
        folder = "" if path == "/" else f"{path}/"
        below = [name.removeprefix(folder) for name in self.systems.get(ref, {}) if name.startswith(folder)]
        names = sorted({name.split("/")[0] for name in below})
        return Answer(self, [self._stat(ref, folder, name) for name in names if fnmatch(name, pattern or "*")])

    def stat_file(self, ref, path):
        self.calls.append(("stat", ref, path))
        content = self._entry(ref, path)
        if content is None:
            return Answer(self, Status("no such file or directory"))
        return Answer(self, self._stat_of(path, content))

    def resolve_image(self, name, platform=None, *, mode="", log_name=""):
        self.calls.append(("image", name, platform, mode, log_name))
        return Answer(self, self.images.pop(0) if self.images else ImageFacts(name=name, digest="", config=self.config))

    def evaluate(self, *refs):
        return Answer(self, None)

    def warn(self, notice):
        self.notices.append(notice)
        return Answer(self, None)

    def _entry(self, ref, path):
        """Return the file at a path, following links."""
        held = self.systems.get(ref, {})
        content = held.get(path)
        if isinstance(content, str):
            return self._entry(ref, posixpath.normpath(posixpath.join(posixpath.dirname(path), content)))
        return FOLDER if content is None and any(name.startswith(f"{path}/") for name in held) else content

    def _stat(self, ref, folder, name):
        if first := self.twins.get(f"{folder}{name}"):
            return FileStat(path=name, mode=0o644, size=0, link=first)
        content = self.systems[ref].get(f"{folder}{name}", FOLDER)
        return self._stat_of(f"{folder}{name}", content, name)

    def _stat_of(self, path, content, name=""):
        link = content if isinstance(content, str) else ""
        mode = LINK if link else 0o755 if isinstance(content, bytes) else content
        size = self.sizes.get(path, len(content) if isinstance(content, bytes) else 0)
        return FileStat(path=name or path, mode=mode, size=size, link=link)


class Answer:
    """An answer that arrives when a caller first waits after the request."""

    def __init__(self, bridge, value):
        self._bridge = bridge
        self._asked_in = bridge.rounds
        self._value = value

    def get(self):
        if self._asked_in == self._bridge.rounds:
            self._bridge.rounds += 1
        if isinstance(self._value, Status):
            raise CallError("Solve", self._value)
        return self._value
