"""The new graph of a build: ops with the names and places of those that they stand for in the graph of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.llb import digest_of, encode
from pyenv_frontend.solve import file_ops, launcher
from pyenv_frontend.solve.file_ops import FileSystem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["NewGraph"]


class NewGraph:
    """A graph that is written op by op. Each op stands for one of the old graph, which is named by its digest `old`.

    Args:
        definition: the old graph.
        ops: its ops by their digests.
    """

    def __init__(self, definition: wire.Definition, ops: Mapping[str, bytes]) -> None:
        self._old = definition
        self._old_ops = ops
        self.definition = wire.Definition()
        self.definition.source.infos.extend(definition.source.infos)

    def add_op(self, op: wire.Op, old: str) -> FileSystem:
        """Add an op that the old graph did not have, with the platform and worker of the step that it belongs to."""
        pattern = wire.Op.FromString(self._old_ops[old])
        if op.WhichOneof("op") == "file":  # a merge or a difference is the same on every platform
            op.platform.CopyFrom(pattern.platform)
        op.constraints.CopyFrom(pattern.constraints)
        return FileSystem(self.add(encode(op), old), 0)

    def add(self, raw: bytes, old: str) -> str:
        """Add an op, with the names, groups and places that `old` has in the old graph."""
        new = digest_of(raw)
        if new not in self.definition.metadata:
            self.definition.ops.append(raw)
        if old in self._old.metadata:
            self.definition.metadata[new].CopyFrom(self._old.metadata[old])
        else:
            self.definition.metadata[new].SetInParent()
        if old in self._old.source.locations:
            self.definition.source.locations[new].CopyFrom(self._old.source.locations[old])
        return new

    def add_step(self, op: wire.Op, title: Sequence[str], old: str, output: int = 0) -> FileSystem:
        """Add a step that runs under the user's words.

        Args:
            op: the step.
            title: the words.
            old: the op of the old graph.
            output: which output of the step is returned.
        """
        self.run_under_title(op, title, old)
        return FileSystem(self.add(encode(op), old), output)

    def run_under_title(self, op: wire.Op, title: Sequence[str], old: str) -> None:
        """Let the engine quote the user's words instead of the generated command."""
        script = launcher.script(op, title)
        if script is not None:
            launcher.run_as_title(op, title, self.add_op(script, old).digest)

    def difference(self, lower: FileSystem, upper: FileSystem, old: str) -> FileSystem:
        """Add what one file system has more or less than another; it is applied when a merge with it is used."""
        op = wire.Op(inputs=file_ops.inputs(lower, upper), diff=wire.DiffOp(lower={"input": 0}, upper={"input": 1}))
        return self.add_op(op, old)

    def merge(self, parts: Sequence[FileSystem], old: str) -> FileSystem:
        """Add a file system that has parts on top of each other, the last one on top."""
        merge = wire.MergeOp(inputs=[{"input": number} for number in range(len(parts))])
        return self.add_op(wire.Op(inputs=file_ops.inputs(*parts), merge=merge), old)
