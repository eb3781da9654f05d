"""Build environments side by side: the steps of neighbouring PYENVs become parallel in the graph of build steps.

The Dockerfile is a chain, and so is the graph that the engine makes of it: each install step starts from the file
system that the one before it left, waits for it, and is built again when it changes. But the steps of PYENVs are
generated, we know what they read and write, and a run of them (a *group*) needs no such order:

    before   base -> graft 3.8 -> a -> graft 3.11 -> b -> RUN ...

    after    base -+-> graft 3.8 --> a ----------------------+
                   |                                         |  join a's folder, the graft's folder, b's folder
                   +-> graft 3.11 -> b ------------------+   |  in the order of the file
                   |                                     v   v
                   +------------------------------------ chain -> RUN ...

Every step starts from the *base* of its group (the file system before the group), an environment from the graft that it
needs. Its result is then joined onto the chain, in the order of the file. All other steps keep their place and meaning;
ops after a changed one get new digests, since a digest covers the inputs' digests, and do not change otherwise.

Two ways to join. If the store can merge (containerd's can), the difference that a step made is merged onto the chain:
no file is copied, and it is cached by itself. If it cannot, the step's folders are copied. A step that starts from the
current end of the chain (always the first of a group) is the chain's next link as it is.

`--builder=STAGE` is the same with another start: the step (and a second run of the graft it needs) runs on the result
of that stage, which the expanded file mounts at `BUILDER`; here, the mount becomes the root, and the step gets the
variables of that stage. Only the folder of the environment is taken from it, always as a copy: a difference would also
contain that stage's changes to the folders around.

Trap: the variables that earlier PYENVs publish are in the later steps' environment and so in their cache key. They are
removed from the steps; no step needs them.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.llb import digest_of as _digest
from pyenv_frontend.buildkit.llb import encode
from pyenv_frontend.expansion.steps import BUILDER, INTERPRETER
from pyenv_frontend.solve import file_ops, independent_graph, launcher
from pyenv_image.step_options import HEREDOC_PREFIX, HEREDOC_VARIABLE, VARIABLE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyenv_frontend.expansion.expand import Step

__all__ = ["parallelize"]


@dataclass(frozen=True, slots=True)
class _Out:
    """One output of an op: a file system."""

    digest: str
    number: int


@dataclass(frozen=True, slots=True)
class _IndependentGraft:
    """A graft that does not run on its stage."""

    image: _Out
    """The image of the interpreter."""
    tree: _Out
    """The graft, for the folder that is its final path."""
    python: str
    """The interpreter in its image, mounted as a graft mounts it."""


@dataclass(frozen=True, slots=True)
class _IndependentStep:
    """A step that does not run on its stage, as it is in the old graph."""

    op: wire.Op
    step: Step
    old: str
    chain: _Out
    base: _Out


@dataclass(frozen=True, slots=True)
class _PlacedGraft:
    """A graft in the new graph."""

    op: wire.Op
    root: int
    """Which of its inputs is the root."""
    result: _Out
    old: str
    """Its digest in the old graph."""


@dataclass(slots=True)
class _Group:
    """Neighbouring steps of ours."""

    base: _Out
    """The file system before the first of them."""

    grafts: dict[tuple[str, ...], _PlacedGraft] = field(default_factory=dict)
    """Its grafts, by what they carry."""

    above: dict[str, _Out] = field(default_factory=dict)
    """What was collected of the folders above independent grafts, by the lowest of them."""


def parallelize(
    definition: wire.Definition,
    steps: Sequence[Step],
    *,
    source: bytes,
    merge: bool,
    identities: Mapping[str, str] = MappingProxyType({}),
) -> wire.Definition:
    """Make the steps of neighbouring PYENVs parallel.

    Args:
        definition: the graph that the engine made of the expanded Dockerfile; it is not changed.
        steps: the generated steps of that file.
        source: the expanded file, to tell its lines from those of other files.
        merge: whether the engine can merge and diff file systems.
        identities: what the layers of images are, by the digests of the ops that load them.

    Returns:
        A graph with the same result; `definition` itself if it has no generated step.
    """
    ours = _find(definition, steps, source)
    return _Parallelizer(definition, ours, steps, identities, merge=merge).run() if ours else definition


def _find(definition: wire.Definition, steps: Sequence[Step], source: bytes) -> dict[str, Step]:
    """Return the generated steps by their digests, found by their lines of the expanded file."""
    by_line = {step.line: step for step in steps}
    files = {index for index, info in enumerate(definition.source.infos) if info.data == source}
    steps_by_digest = {}
    for digest, places in definition.source.locations.items():
        for place in places.locations:
            if place.source_index in files and place.ranges and place.ranges[0].start.line in by_line:
                steps_by_digest[digest] = by_line[place.ranges[0].start.line]
    return steps_by_digest


class _Parallelizer:
    """One pass over the graph, inputs before the ops that use them."""

    def __init__(
        self,
        definition: wire.Definition,
        ours: Mapping[str, Step],
        steps: Sequence[Step],
        identities: Mapping[str, str],
        *,
        merge: bool,
    ) -> None:
        self.definition = definition
        self.ours = ours
        self.steps = steps
        self.identities = identities
        self.merge = merge
        self.old_ops = {_digest(raw): raw for raw in definition.ops}
        self.result = wire.Definition()
        self.result.source.infos.extend(definition.source.infos)
        self.moved: dict[_Out, _Out] = {}
        """Outputs of the old graph with their counterparts in the new one, if they differ."""
        self.layers: dict[tuple[int, tuple[str, ...]], _IndependentGraft] = {}
        """Grafts that do not depend on their stage, by stage and by what they carry."""
        self.groups: dict[str, _Group] = {}
        """The group of each generated step, by its old digest."""

    def run(self) -> wire.Definition:
        for old, raw in self.old_ops.items():
            op = wire.Op.FromString(raw)
            step = self.ours.get(old)
            if step is not None and op.WhichOneof("op") == "exec":
                self._rewire_step(old, op, step)
            else:
                self._keep(old, raw, op)
        return self.result

    def _keep(self, old: str, raw: bytes, op: wire.Op) -> None:
        """Keep an op that is not generated: with its own bytes, unless an input moved."""
        changed = self._follow(op.inputs)
        new = self._add(encode(op) if changed else raw, old)
        if new != old:
            # An op does not record how many outputs it has, so this entry is for all of them.
            self.moved[_Out(old, -1)] = _Out(new, -1)

    def _rewire_step(self, old: str, op: wire.Op, step: Step) -> None:
        root = next(mount for mount in op.exec.mounts if mount.dest == "/")
        before = _Out(op.inputs[root.input].digest, op.inputs[root.input].index)
        self._follow(op.inputs)
        chain = _Out(op.inputs[root.input].digest, op.inputs[root.input].index)
        group = self.groups.get(before.digest) or _Group(chain)
        self.groups[old] = group
        if step.independent:
            install = _IndependentStep(op, step, old, chain, group.base)
            self.moved[_Out(old, root.output)] = (
                self._rewire_independent_graft(install, root, group)
                if step.kind == "graft"
                else self._rewire_independent_environment(install, root)
            )
            return
        graft = group.grafts.get(self.steps[step.graft].carries) if step.graft is not None else None
        builder = self._take_builder(op)
        start = self._rebase_on(builder, graft) if builder else graft.result if graft else group.base
        _set_input(op, root, start)
        _set_variables(op.exec.meta, step)
        _set_heredoc(op.exec.meta, step)
        self._run_under_title(op, step, old)
        result = _Out(self._add(encode(op), old), root.output)
        if step.kind == "graft":
            group.grafts[step.carries] = _PlacedGraft(op, root.input, result, old)
        if start == chain:
            self.moved[_Out(old, root.output)] = result
        else:
            self.moved[_Out(old, root.output)] = self._attach_result(
                chain, start, result, step, old, copy=builder is not None
            )

    def _rewire_independent_graft(self, independent: _IndependentStep, root: wire.Mount, group: _Group) -> _Out:
        """Move a graft onto its interpreter's image, and join its result onto the stage; return the new stage."""
        op, step, old, root_input = independent.op, independent.step, independent.old, root.input
        source = op.inputs[next(mount for mount in op.exec.mounts if mount.dest == INTERPRETER).input]
        image, python = _Out(source.digest, source.index), op.exec.meta.args[0]
        on_stage = independent_graph.on_stage(op)
        independent_graph.move_graft(op, root, image, step.carries[0])
        independent_graph.trust_cache(op, self.identities.get(image.digest, ""))
        result = self._titled(op, step, old, independent_graph.RESULT)
        self.layers[step.stage, step.carries] = _IndependentGraft(image, result, python)
        aside = independent_graph.Steps(on_stage, result, python, step.carries[0])
        folder = posixpath.dirname(step.carries[0])
        if folder not in group.above:
            group.above[folder] = self._titled(aside.collect(independent.base), step, old, independent_graph.RESULT)
        after, start = (
            self._titled(
                aside.finish(self._join(stage, [result], group.above[folder], step, old), step.carries), step, old
            )
            for stage in (independent.chain, independent.base)
        )
        _set_variables(on_stage.exec.meta, step)
        self._run_under_title(on_stage, step, old)
        group.grafts[step.carries] = _PlacedGraft(on_stage, root_input, start, old)
        return after

    def _rewire_independent_environment(self, independent: _IndependentStep, root: wire.Mount) -> _Out:
        """Move an install onto its interpreter's image, and join its result onto the stage; return the new stage."""
        op, step, old = independent.op, independent.step, independent.old
        prefixes = self.steps[step.graft].carries if step.graft is not None else step.carries
        graft = self.layers[step.stage, prefixes]
        aside = independent_graph.Steps(op, graft.tree, graft.python, step.carries[0])
        collected = self._titled(aside.collect(independent.base), step, old, independent_graph.RESULT)
        independent_graph.move_install(op, root, graft.image, graft.tree, prefixes[0], collected)
        independent_graph.trust_cache(op, self.identities.get(graft.image.digest, ""))
        results = [
            self._titled(install, step, old, independent_graph.RESULT) for install in self._installs(op, step, old)
        ]
        return self._join(independent.chain, results, collected, step, old)

    def _installs(self, op: wire.Op, step: Step, old: str) -> list[wire.Op]:
        """Return the steps that make a result: one, or one for the heavy distributions and one for the rest."""
        if step.parts is None:
            return [op]
        heavy = self._add_op(independent_graph.write_lock(op, step.parts.heavy), old)
        rest = self._add_op(independent_graph.write_lock(op, step.parts.rest), old)
        return [
            independent_graph.install_of(op, heavy, packages_only=True),
            independent_graph.install_of(op, rest, packages_only=False),
        ]

    def _join(self, chain: _Out, results: Sequence[_Out], collected: _Out, step: Step, old: str) -> _Out:
        """Join results onto the stage, whose folders above them stay as they are; an earlier environment is removed.

        Args:
            chain: the stage.
            results: folders that together make one.
            collected: what was collected of the stage.
            step: the step that they belong to.
            old: its digest in the old graph.
        """
        path, replaces = step.carries[0], step.kind != "graft"
        skeleton = _Out(collected.digest, independent_graph.SKELETON)
        if not self.merge:
            for number, result in enumerate(results):
                first = replaces and number == 0
                chain = self._add_op(file_ops.copied_below(chain, result, skeleton, path, replaces=first), old)
            return chain
        if replaces:
            chain = self._add_op(file_ops.removed(chain, [path]), old)
        layers = [self._add_op(file_ops.layer(result, collected, path), old) for result in results]
        parts = (chain, *layers, skeleton)
        merge = wire.MergeOp(inputs=[{"input": number} for number in range(len(parts))])
        return self._add_op(wire.Op(inputs=file_ops.inputs(*parts), merge=merge), old)

    def _titled(self, op: wire.Op, step: Step, old: str, output: int = 0) -> _Out:
        """Add a step that runs under the user's words; return one of its outputs."""
        self._run_under_title(op, step, old)
        return _Out(self._add(encode(op), old), output)

    def _run_under_title(self, op: wire.Op, step: Step, old: str) -> None:
        """Let the engine quote the user's words instead of the generated command."""
        script = launcher.script(op, step.title)
        if script is not None:
            launcher.run_as_title(op, step.title, self._add_op(script, old).digest)

    @staticmethod
    def _take_builder(op: wire.Op) -> _Out | None:
        """Return the result of the stage of `--builder`, if there is one, and remove its mount."""
        for number, mount in enumerate(op.exec.mounts):
            if mount.dest == BUILDER:
                entry = op.inputs[mount.input]
                del op.exec.mounts[number]
                return _Out(entry.digest, entry.index)
        return None

    def _rebase_on(self, builder: _Out, graft: _PlacedGraft | None) -> _Out:
        """Return the file system of a builder's stage, with the interpreter."""
        if graft is None:
            return builder
        op = wire.Op()
        op.CopyFrom(graft.op)
        _point(op.inputs[graft.root], builder)
        return _Out(self._add(encode(op), graft.old), graft.result.number)

    def _follow(self, inputs: Sequence[wire.Input]) -> bool:
        """Point inputs at the new graph's ops; return whether one changed."""
        changed = False
        for entry in inputs:
            exact = self.moved.get(_Out(entry.digest, entry.index))
            whole = self.moved.get(_Out(entry.digest, -1))
            if exact:
                _point(entry, exact)
            elif whole:
                entry.digest = whole.digest
            changed |= bool(exact or whole)
        return changed

    def _attach_result(self, chain: _Out, start: _Out, result: _Out, step: Step, old: str, *, copy: bool) -> _Out:  # noqa: PLR0913
        if copy or not self.merge:
            return self._add_op(file_ops.copied_entries(chain, result, step.carries), old)
        difference = self._add_op(
            wire.Op(inputs=file_ops.inputs(start, result), diff=wire.DiffOp(lower={"input": 0}, upper={"input": 1})),
            old,
        )
        joined = wire.Op(
            inputs=file_ops.inputs(chain, difference), merge=wire.MergeOp(inputs=[{"input": 0}, {"input": 1}])
        )
        return self._add_op(joined, old)

    def _add_op(self, op: wire.Op, old: str) -> _Out:
        """Add an op that the old graph did not have, with the platform and worker of the step that it belongs to."""
        pattern = wire.Op.FromString(self.old_ops[old])
        if op.WhichOneof("op") == "file":  # a merge or a difference is the same on every platform
            op.platform.CopyFrom(pattern.platform)
        op.constraints.CopyFrom(pattern.constraints)
        return _Out(self._add(encode(op), old), 0)

    def _add(self, raw: bytes, old: str) -> str:
        """Add an op, with the names, groups and places that `old` has in the old graph."""
        new = _digest(raw)
        if new not in self.result.metadata:
            self.result.ops.append(raw)
        if old in self.definition.metadata:
            self.result.metadata[new].CopyFrom(self.definition.metadata[old])
        else:
            self.result.metadata[new].SetInParent()
        if old in self.definition.source.locations:
            self.result.source.locations[new].CopyFrom(self.definition.source.locations[old])
        return new


def _set_variables(meta: wire.Meta, step: Step) -> None:
    """Set a step's variables to those of the stage that it runs on, without those that PYENVs publish."""
    variables = dict(entry.partition("=")[::2] for entry in meta.env)
    if step.variables is not None:
        # The engine gives an image without a PATH one of its own.
        variables = {"PATH": variables.get("PATH", "")} | dict(step.variables)
    del meta.env[:]
    meta.env.extend(f"{name}={value}" for name, value in variables.items() if not name.startswith(VARIABLE_PREFIX))


def _set_heredoc(meta: wire.Meta, step: Step) -> None:
    """Tell a step where its heredoc is, unless the user has a proxy for FTP."""
    names = {variable.partition("=")[0].lower() for variable in meta.env}
    if step.heredoc and HEREDOC_VARIABLE not in names and not meta.proxy_env.ftp_proxy:
        meta.proxy_env.ftp_proxy = HEREDOC_PREFIX + step.heredoc


def _set_input(op: wire.Op, mount: wire.Mount, output: _Out) -> None:
    """Set a mount's input. One that another mount uses, too, stays for that one."""
    if sum(other.input == mount.input for other in op.exec.mounts) > 1:
        mount.input = len(op.inputs)
        op.inputs.add()
    _point(op.inputs[mount.input], output)


def _point(entry: wire.Input, output: _Out) -> None:
    """Point an input at another output."""
    entry.digest, entry.index = output.digest, output.number
