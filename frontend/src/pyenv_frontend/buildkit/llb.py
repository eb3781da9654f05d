"""Generated graphs: sources, a written file, a copy. Pure: values in, protobuf messages out.

Every op has exactly the bytes that the engine would write. If Docker's frontend makes the same op, the engine does the
work once for both; an upload can be read only once, so it has to be the same op.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.sha2 import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "NAME",
    "OpOutput",
    "copied",
    "definition",
    "detect_oneof_order",
    "digest_of",
    "encode",
    "literal",
    "mount_of",
    "output_of",
    "source",
    "written",
]

NAME = "llb.customname"
"""The key of a step's name in the metadata of its op."""


@dataclass(frozen=True, slots=True)
class OpOutput:
    """One output of an op, with the whole graph that leads to it."""

    ops: tuple[bytes, ...]
    """Serialised ops, inputs before users."""
    digest: str
    number: int
    """Which of the op's outputs."""
    metadata: Mapping[str, wire.OpMetadata]


def literal(path: str) -> str:
    """Return a pattern that matches only a path."""
    return "".join("\\" + char if char in "\\*?[!" else char for char in path)


def mount_of(op: wire.Op, dest: str) -> wire.Mount:
    """Return the mount of a step that is at a path."""
    return next(mount for mount in op.exec.mounts if mount.dest == dest)


def digest_of(op: bytes) -> str:
    """Return an op's digest."""
    return f"sha256:{sha256(op).hexdigest()}"


def encode(op: wire.Op) -> bytes:
    """Serialise an op as the engine does: fields in the order of their numbers, maps by key.

    The field of a oneof comes last, as in Go's own protobuf; engines up to BuildKit 0.16 write it by its number.
    """
    kind = op.WhichOneof("op")
    if kind is None or OneofOrder.by_number:
        return op.SerializeToString(deterministic=True)
    rest = wire.Op()
    rest.CopyFrom(op)
    rest.ClearField(kind)
    alone = wire.Op()
    getattr(alone, kind).CopyFrom(getattr(op, kind))
    return rest.SerializeToString(deterministic=True) + alone.SerializeToString(deterministic=True)


class OneofOrder:
    by_number = False
    """Whether the field of a oneof is written by its number."""


def detect_oneof_order(op: bytes) -> None:
    """Adopt the order in which an engine wrote an op, which must have more fields than that of its oneof."""
    OneofOrder.by_number = wire.Op.FromString(op).SerializeToString(deterministic=True) == op


def source(identifier: str, attrs: Mapping[str, str], name: str, platform: wire.Platform | None = None) -> OpOutput:
    """Create a source: `local://...`, `git://...`, `https://...`, `docker-image://...`.

    Args:
        identifier: what to load.
        attrs: how to load it.
        name: the name of the step in the build's progress.
        platform: the platform that it is for; None for one that is the same on every platform.
    """
    loaded = wire.SourceOp(identifier=identifier, attrs=attrs)
    op = wire.Op(source=loaded, platform=platform, constraints=wire.WorkerConstraints())
    return _add((), op, name, {})


def written(files: Mapping[str, bytes], name: str) -> OpOutput:
    """Create a file system with only `files`, by relative path. Only root can read them, as in Docker's own."""
    actions: list[wire.FileAction] = []
    for path, data in files.items():
        folder, slash, _ = path.lstrip("/").rpartition("/")
        if slash:
            mkdir = wire.MkDir(path="/" + folder, mode=0o755, make_parents=True, timestamp=-1)
            actions.append(wire.FileAction(mkdir=mkdir))
        mkfile = wire.MkFile(path="/" + path.lstrip("/"), mode=0o600, data=data, timestamp=-1)
        actions.append(wire.FileAction(mkfile=mkfile))
    for index, action in enumerate(actions):
        action.input = index - 1  # the op has no inputs, so an action's number is its index, and -1 is the empty start
        action.secondary_input = -1
        action.output = 0 if index == len(actions) - 1 else -1
    return _add((), _file_op(actions), name, {})


def copied(origin: OpOutput, path: str, name: str, *, unpack: bool = False, contents: bool = False) -> OpOutput:
    """Create a file system from a part of another: an unpacked archive, or a folder's contents."""
    copy = wire.Copy(src=path, dest="/", mode=-1, attempt_unpack=unpack, dir_copy_contents=contents, timestamp=-1)
    action = wire.FileAction(input=-1, secondary_input=0, copy=copy)
    op = _file_op([action])
    op.inputs.add(digest=origin.digest, index=origin.number)
    return _add(origin.ops, op, name, origin.metadata)


def _file_op(actions: list[wire.FileAction]) -> wire.Op:
    return wire.Op(file=wire.FileOp(actions=actions), constraints=wire.WorkerConstraints())


def _add(before: tuple[bytes, ...], op: wire.Op, name: str, metadata: Mapping[str, wire.OpMetadata]) -> OpOutput:
    data = encode(op)
    digest = digest_of(data)
    described = wire.OpMetadata(description={NAME: name}) if name else wire.OpMetadata()
    return OpOutput((*before, data), digest, 0, {**metadata, digest: described})


def definition(output: OpOutput) -> wire.Definition:
    """Complete a graph: its last op names the output."""
    last = wire.Op(inputs=[wire.Input(digest=output.digest, index=output.number)])
    graph = wire.Definition(ops=[*output.ops, encode(last)])
    for digest, metadata in output.metadata.items():
        graph.metadata[digest].CopyFrom(metadata)
    return graph


def output_of(graph: wire.Definition) -> OpOutput:
    """Return the output of a complete graph, to build on it.

    Raises:
        ValueError: the graph has no output.
    """
    if not graph.ops:
        raise ValueError("an empty graph has no output")
    end = wire.Op.FromString(graph.ops[-1]).inputs[0]
    return OpOutput(tuple(graph.ops[:-1]), end.digest, end.index, dict(graph.metadata.items()))
