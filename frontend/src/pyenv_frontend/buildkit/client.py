"""`api.Bridge` over a channel: the request and answer of each call as protobuf messages, and `Return`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import results
from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.api import FileStat, ImageFacts, Notice, RefId
from pyenv_frontend.buildkit.channel import MAX_MESSAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from google.protobuf.message import Message

    from pyenv_frontend.buildkit.channel import Call, Channel
    from pyenv_frontend.buildkit.status import Status

__all__ = ["SERVICE", "Client"]

SERVICE = "moby.buildkit.v1.frontend.LLBBridge"


class _Answer[M: Message, T]:
    """A call in flight, and the conversion of its message."""

    __slots__ = ("_call", "_convert", "_message")

    def __init__(self, call: Call, message: type[M], convert: Callable[[M], T]) -> None:
        self._call = call
        self._message = message
        self._convert = convert

    def get(self) -> T:
        """Wait for the answer; see `api.Reply`."""
        return self._convert(self._message.FromString(self._call.result()))


class _All:
    """Several calls in flight whose messages are ignored."""

    __slots__ = ("_calls", "_channel")

    def __init__(self, channel: Channel, calls: list[Call]) -> None:
        self._channel = channel
        self._calls = calls

    def get(self) -> None:
        """Wait for all answers, or for the first error; see `api.Reply`."""
        waiting = self._calls
        while waiting:
            for call in [pending for pending in waiting if pending.done]:
                call.result()
            waiting = [pending for pending in waiting if not pending.done]
            if waiting:
                self._channel.pump()


class Client:
    """The engine's side of the build, reached over a channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._cache_imports: list[wire.CacheImport] = []

    def import_caches(self, caches: Iterable[tuple[str, Mapping[str, str]]]) -> None:
        """Send the caches that the user imports (`--cache-from`) with every later graph.

        The engine looks up a step once in a build: one that was looked up without an imported cache is never found in
        it.

        Args:
            caches: type and attributes of each.
        """
        self._cache_imports = [wire.CacheImport(type=kind, attrs=attrs) for kind, attrs in caches]

    def _start(self, method: str, request: Message) -> Call:
        return self._channel.start(method, request.SerializeToString())

    def ping(self) -> _Answer[wire.PongResponse, wire.PongResponse]:
        """See `Bridge.ping`."""
        return _Answer(self._start("Ping", wire.PingRequest()), wire.PongResponse, lambda pong: pong)

    def inputs(self) -> _Answer[wire.InputsResponse, Mapping[str, wire.Definition]]:
        """See `Bridge.inputs`."""
        return _Answer(self._start("Inputs", wire.InputsRequest()), wire.InputsResponse, lambda m: m.definitions)

    def solve(self, definition: wire.Definition) -> _Answer[wire.SolveResponse, wire.Result]:
        """See `Bridge.solve`."""
        return self._solve(wire.SolveRequest(definition=definition, cache_imports=self._cache_imports))

    def solve_frontend(
        self, frontend: str, options: Mapping[str, str], inputs: Mapping[str, wire.Definition]
    ) -> _Answer[wire.SolveResponse, wire.Result]:
        """See `Bridge.solve_frontend`."""
        return self._solve(wire.SolveRequest(frontend=frontend, frontend_opt=options, frontend_inputs=inputs))

    def _solve(self, request: wire.SolveRequest) -> _Answer[wire.SolveResponse, wire.Result]:
        request.allow_result_return = True
        request.allow_result_array_ref = True
        return _Answer(self._start("Solve", request), wire.SolveResponse, lambda m: m.result)

    def read_file(
        self, ref: RefId, path: str, length: int | None = None, offset: int = 0
    ) -> _Answer[wire.ReadFileResponse, bytes]:
        """See `Bridge.read_file`."""
        span = None if length is None else wire.FileRange(offset=offset, length=length)
        request = wire.ReadFileRequest(ref=ref, path=path, range=span)
        return _Answer(self._start("ReadFile", request), wire.ReadFileResponse, lambda m: m.data)

    def read_dir(self, ref: RefId, path: str, pattern: str = "") -> _Answer[wire.ReadDirResponse, Sequence[FileStat]]:
        """See `Bridge.read_dir`."""
        request = wire.ReadDirRequest(ref=ref, path=path, include_pattern=pattern)
        return _Answer(
            self._start("ReadDir", request), wire.ReadDirResponse, lambda m: [_file_stat(e) for e in m.entries]
        )

    def stat_file(self, ref: RefId, path: str) -> _Answer[wire.StatFileResponse, FileStat]:
        """See `Bridge.stat_file`."""
        request = wire.StatFileRequest(ref=ref, path=path)
        return _Answer(self._start("StatFile", request), wire.StatFileResponse, lambda m: _file_stat(m.stat))

    def resolve_image(
        self, name: str, platform: wire.Platform | None = None, *, mode: str = "", log_name: str = ""
    ) -> _Answer[wire.ResolveImageConfigResponse, ImageFacts]:
        """See `Bridge.resolve_image`."""
        request = wire.ResolveImageConfigRequest(ref=name, platform=platform, resolve_mode=mode, log_name=log_name)
        return _Answer(
            self._start("ResolveImageConfig", request),
            wire.ResolveImageConfigResponse,
            lambda m: ImageFacts(name=m.ref or name, digest=m.digest, config=m.config),
        )

    def evaluate(self, *refs: RefId) -> _All:
        """See `Bridge.evaluate`."""
        return _All(self._channel, [self._start("Evaluate", wire.EvaluateRequest(ref=ref)) for ref in refs])

    def warn(self, warning: Notice) -> _Answer[wire.WarnResponse, None]:
        """See `Bridge.warn`."""
        request = wire.WarnRequest(
            digest=warning.step,
            level=1,
            short=warning.short.encode(),
            detail=[line.encode() for line in warning.detail],
            url=warning.url,
            info=warning.info,
            ranges=warning.ranges,
        )
        return _Answer(self._start("Warn", request), wire.WarnResponse, _nothing)

    def return_result(self, result: wire.Result) -> None:
        """End the build with a result. The engine takes exactly one `Return`.

        The engine reads only the ids of a result's refs, so their graphs are not sent back.
        """
        for ref in results.all_file_systems(result):
            ref.ClearField("definition")
        self._start("Return", wire.ReturnRequest(result=result)).result()

    def return_error(self, status: Status) -> None:
        """End the build with an error; without its details, if they do not fit into a message."""
        request = wire.ReturnRequest(error=status.to_wire())
        if request.ByteSize() > MAX_MESSAGE:
            request = wire.ReturnRequest(error=status.without_details().to_wire())
        self._start("Return", request).result()


def _file_stat(stat: wire.Stat) -> FileStat:
    return FileStat(path=stat.path, mode=stat.mode, size=stat.size, link=stat.linkname)


def _nothing(_: Message) -> None:
    return None
