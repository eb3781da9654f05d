"""An engine for unit tests: files of file systems by the graph that was solved, and a record of every call."""

# ruff: noqa: ARG002 - it has the arguments of the real one

from dataclasses import dataclass, field

from pyenv_frontend.buildkit import llb
from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.api import FileStat, ImageFacts, Ready, RefId
from pyenv_frontend.buildkit.status import CallError, Status


@dataclass
class FakeBridge:
    """Holds one file system for each source identifier; a call for what it does not hold is an error."""

    systems: dict[str, dict[str, bytes]] = field(default_factory=dict)
    results: list[wire.Result | Status] = field(default_factory=list)
    """What nested frontends answer, in order."""
    calls: list[tuple[object, ...]] = field(default_factory=list)
    notices: list[object] = field(default_factory=list)
    config: bytes = b"{}"

    def ping(self):
        return Ready(wire.PongResponse())

    def inputs(self):
        return Ready({})

    def solve(self, definition):
        first = wire.Op.FromString(definition.ops[0])
        identifier = first.source.identifier or llb.digest_of(definition.ops[0])
        self.calls.append(("solve", identifier, dict(first.source.attrs)))
        return Ready(wire.Result(ref=wire.Ref(id=identifier, definition=definition)))

    def solve_frontend(self, frontend, options, inputs):
        self.calls.append(("frontend", frontend, dict(options), sorted(inputs)))
        answer = self.results.pop(0)
        return Failing("Solve", answer) if isinstance(answer, Status) else Ready(answer)

    def read_file(self, ref: RefId, path, length=None, offset=0):
        self.calls.append(("read", ref, path))
        content = self.systems.get(ref, {}).get(path)
        if content is None:
            return Failing("ReadFile", Status(f"open /{path}: no such file or directory"))
        return Ready(content[offset : offset + length] if length else content)

    def read_dir(self, ref, path, pattern=""):
        names = {name.split("/")[0] for name in self.systems.get(ref, {})}
        return Ready([FileStat(path=name, mode=0o644, size=0) for name in sorted(names)])

    def stat_file(self, ref, path):
        held = self.systems.get(ref, {})
        if path in held or any(name.startswith(f"{path}/") for name in held):
            return Ready(FileStat(path=path, mode=0o644, size=0))
        return Failing("StatFile", Status("no such file or directory"))

    def resolve_image(self, name, platform=None, *, mode="", log_name=""):
        return Ready(ImageFacts(name=name, digest="", config=self.config))

    def evaluate(self, *refs):
        return Ready(None)

    def warn(self, notice):
        self.notices.append(notice)
        return Ready(None)


@dataclass
class Failing:
    """A reply that is an error."""

    method: str
    status: Status

    def get(self):
        raise CallError(self.method, self.status)
