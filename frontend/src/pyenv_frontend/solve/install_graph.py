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

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.llb import digest_of, encode, mount_of
from pyenv_frontend.expansion.steps import BUILDER, INTERPRETER
from pyenv_frontend.solve import file_ops, independent_graph
from pyenv_frontend.solve.file_ops import FileSystem
from pyenv_frontend.solve.independent_graph import RESULT, SKELETON
from pyenv_frontend.solve.new_graph import NewGraph
from pyenv_frontend.solve.source_check import checked_builder, checked_source
from pyenv_image.variables import HEREDOC_PREFIX, HEREDOC_VARIABLE, VARIABLE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyenv_frontend.expansion.expand import Step

__all__ = ["parallelize"]


@dataclass(frozen=True, slots=True)
class _IndependentGraft:
    """A graft that does not run on its stage."""

    image: FileSystem
    """The image of the interpreter."""
    prefix: str
    """Its path."""
    tree: FileSystem
    """The graft, at its path."""
    python: str
    """The interpreter in its image, mounted as a graft mounts it."""


@dataclass(frozen=True, slots=True)
class _IndependentStep:
    """A step that does not run on its stage, as it is in the old graph."""

    op: wire.Op
    step: Step
    old: str
    chain: FileSystem
    base: FileSystem


@dataclass(frozen=True, slots=True)
class _PlacedGraft:
    """A graft in the new graph."""

    op: wire.Op
    root: int
    """Which of its inputs is the root."""
    result: FileSystem
    old: str
    """Its digest in the old graph."""


@dataclass(slots=True)
class _Group:
    """Neighbouring steps of ours."""

    members: list[tuple[Step, wire.Op]] = field(default_factory=list)
    """The steps, as they are in the old graph."""

    base: FileSystem | None = None
    """The file system before the first of them."""

    grafts: dict[tuple[str, ...], _PlacedGraft] = field(default_factory=dict)
    """Its grafts, by what they carry."""

    collected: dict[tuple[str, ...], FileSystem] = field(default_factory=dict)
    """What was collected of the base, by what decides on it."""


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
        self.identities = dict(identities)
        self.merge = merge
        self.old_ops = {digest_of(raw): raw for raw in definition.ops}
        self.new = NewGraph(definition, self.old_ops)
        self.moved: dict[FileSystem, FileSystem] = {}
        """Outputs of the old graph with their counterparts in the new one, if they differ."""
        self.layers: dict[tuple[int, tuple[str, ...]], _IndependentGraft] = {}
        """Grafts that do not depend on their stage, by stage and by what they carry."""
        self.groups = self._find_groups()
        """The group of each generated step, by its old digest."""

    def run(self) -> wire.Definition:
        for old, raw in self.old_ops.items():
            op = wire.Op.FromString(raw)
            step = self.ours.get(old)
            if step is not None and op.WhichOneof("op") == "exec":
                self._rewire_step(old, op, step)
            else:
                self._keep(old, raw, op)
        return self.new.definition

    def _find_groups(self) -> dict[str, _Group]:
        groups: dict[str, _Group] = {}
        for old, raw in self.old_ops.items():
            op = wire.Op.FromString(raw)
            if old in self.ours and op.WhichOneof("op") == "exec":
                before = op.inputs[mount_of(op, "/").input].digest
                groups[old] = groups.get(before) or _Group()
                groups[old].members.append((self.ours[old], op))
        return groups

    def _keep(self, old: str, raw: bytes, op: wire.Op) -> None:
        """Keep an op that is not generated: with its own bytes, unless an input moved."""
        changed = self._follow(op.inputs)
        new = self.new.add(encode(op) if changed else raw, old)
        if new != old:
            # An op does not record how many outputs it has, so this entry is for all of them.
            self.moved[FileSystem(old, -1)] = FileSystem(new, -1)

    def _rewire_step(self, old: str, op: wire.Op, step: Step) -> None:
        root = mount_of(op, "/")
        self._follow(op.inputs)
        chain = FileSystem(op.inputs[root.input].digest, op.inputs[root.input].index)
        group = self.groups[old]
        base = group.base = group.base or chain
        if step.source:
            self._check_source(op, step, old)
        if step.independent:
            install = _IndependentStep(op, step, old, chain, base)
            self.moved[FileSystem(old, root.output)] = (
                self._rewire_independent_graft(install, root, group)
                if step.kind == "graft"
                else self._rewire_independent_environment(install, root, group)
            )
            return
        graft = group.grafts.get(self.steps[step.graft].carries) if step.graft is not None else None
        builder = self._take_builder(op, graft, step, old) if step.builder else None
        start = self._rebase_on(builder, graft) if builder else graft.result if graft else base
        _set_input(op, root, start)
        _set_variables(op.exec.meta, step)
        _set_heredoc(op.exec.meta, step)
        self.new.run_under_title(op, step.title, old)
        result = FileSystem(self.new.add(encode(op), old), root.output)
        if step.kind == "graft":
            group.grafts[step.carries] = _PlacedGraft(op, root.input, result, old)
        if start == chain:
            self.moved[FileSystem(old, root.output)] = result
        else:
            self.moved[FileSystem(old, root.output)] = self._attach_result(
                chain, start, result, step, old, copy=builder is not None
            )

    def _rewire_independent_graft(self, independent: _IndependentStep, root: wire.Mount, group: _Group) -> FileSystem:
        """Move a graft onto its interpreter's image, and join its result onto the stage; return the new stage."""
        op, step, old, root_input = independent.op, independent.step, independent.old, root.input
        image, python = independent_graph.source_of(op, INTERPRETER), op.exec.meta.args[0]
        on_stage = independent_graph.on_stage(op)
        prefix = step.carries[0]
        place = self.new.add_op(file_ops.place(prefix), old)
        independent_graph.move_graft(op, root, image, place, prefix, is_official=not step.source)
        independent_graph.trust_cache(op, self.identities.get(image.digest, ""))
        result = self.new.add_step(op, step.title, old, RESULT)
        self.layers[step.stage, step.carries] = _IndependentGraft(image, prefix, result, python)
        look = independent_graph.StageSteps(on_stage, result, prefix, python)
        placed = self.new.add_step(look.finish(independent.base, step.carries), step.title, old, RESULT)
        after, start = (
            self._join(stage, independent.base, [result], placed, place, step, old)
            for stage in (independent.chain, independent.base)
        )
        _set_variables(on_stage.exec.meta, step)
        self.new.run_under_title(on_stage, step.title, old)
        group.grafts[step.carries] = _PlacedGraft(on_stage, root_input, start, old)
        return after

    def _rewire_independent_environment(
        self, independent: _IndependentStep, root: wire.Mount, group: _Group
    ) -> FileSystem:
        """Move an install onto its interpreter's image, and join its result onto the stage; return the new stage."""
        op, step, old = independent.op, independent.step, independent.old
        prefixes = self.steps[step.graft].carries if step.graft is not None else step.carries
        graft = self.layers[step.stage, prefixes]
        collected = self._collect(independent, graft, group)
        place = self.new.add_op(file_ops.place(step.carries[0], collected), old)
        independent_graph.move_install(op, root, graft.image, graft.tree, graft.prefix, collected, place)
        independent_graph.trust_cache(op, self.identities.get(graft.image.digest, ""))
        results = self._install(op, step, old)
        return self._join(independent.chain, independent.base, results, collected, place, step, old)

    def _collect(self, independent: _IndependentStep, graft: _IndependentGraft, group: _Group) -> FileSystem:
        """Return what the installs of a group may know of their stage: once for all that may know the same."""
        key = independent_graph.surroundings(independent.op)
        if key not in group.collected:
            paths = [
                step.carries[0]
                for step, op in group.members
                if step.kind == "environment" and step.independent and independent_graph.surroundings(op) == key
            ]
            look = independent_graph.StageSteps(independent.op, graft.tree, graft.prefix, graft.python)
            op = look.collect(independent.base, paths)
            group.collected[key] = self.new.add_step(op, independent.step.title, independent.old, RESULT)
        return group.collected[key]

    def _install(self, op: wire.Op, step: Step, old: str) -> list[FileSystem]:
        """Add the step that installs a lock, or one for its heavy distributions and one for the rest."""
        if step.parts is None:
            return [self.new.add_step(op, step.title, old, RESULT)]
        results: list[FileSystem] = []
        for part in (step.parts.heavy, step.parts.rest):
            lock = self.new.add_op(independent_graph.write_lock(op, part), old)
            install = independent_graph.install_of(op, lock, heavy=results[0] if results else None)
            results.append(self.new.add_step(install, step.title, old, RESULT))
        return results

    def _join(  # noqa: PLR0913, PLR0917 - what is joined onto what, and the step that it belongs to
        self,
        chain: FileSystem,
        base: FileSystem,
        results: Sequence[FileSystem],
        collected: FileSystem,
        place: FileSystem,
        step: Step,
        old: str,
    ) -> FileSystem:
        """Join results onto the stage, whose folders above them stay as they are; an earlier environment is removed.

        Args:
            chain: the stage.
            base: the stage before the group, which alone can have an earlier environment.
            results: folders that together make one.
            collected: what was collected of the stage.
            place: what the results began with.
            step: the step that they belong to.
            old: its digest in the old graph.
        """
        path, replaces = step.carries[0], step.kind != "graft"
        skeleton = FileSystem(collected.digest, SKELETON)
        if not self.merge:
            for number, result in enumerate(results):
                first = replaces and number == 0
                copy = file_ops.copied_below(chain, result, skeleton, path, replaces=first)
                chain = self.new.add_op(copy, old)
            return chain
        # Whatever changes the chain itself would make the engine apply all that was merged into it.
        emptied = [self.new.add_op(file_ops.removed(base, [path]), old)] if replaces else []
        removal = [self.new.difference(base, stage, old) for stage in emptied]
        layers = [self.new.difference(place, result, old) for result in results]
        return self.new.merge([chain, *removal, *layers, skeleton], old)

    def _check_source(self, graft: wire.Op, step: Step, old: str) -> None:
        """Let a graft copy from what is checked before."""
        mount = mount_of(graft, INTERPRETER)
        identity = self.identities.get(graft.inputs[mount.input].digest, "") if mount.input >= 0 else ""
        checked = checked_source(self.new, graft, step, old)
        self.identities[checked.digest] = identity
        _set_input(graft, mount, checked)

    def _take_builder(self, op: wire.Op, graft: _PlacedGraft | None, step: Step, old: str) -> FileSystem:
        """Return the result of the stage of `--builder`, once it is checked, and remove its mount."""
        checked = checked_builder(self.new, op, graft.op if graft else None, step, old)
        op.exec.mounts.remove(mount_of(op, BUILDER))
        return checked

    def _rebase_on(self, builder: FileSystem, graft: _PlacedGraft | None) -> FileSystem:
        """Return the file system of a builder's stage, with the interpreter."""
        if graft is None:
            return builder
        op = wire.Op()
        op.CopyFrom(graft.op)
        _point(op.inputs[graft.root], builder)
        return FileSystem(self.new.add(encode(op), graft.old), graft.result.number)

    def _follow(self, inputs: Sequence[wire.Input]) -> bool:
        """Point inputs at the new graph's ops; return whether one changed."""
        changed = False
        for entry in inputs:
            exact = self.moved.get(FileSystem(entry.digest, entry.index))
            whole = self.moved.get(FileSystem(entry.digest, -1))
            if exact:
                _point(entry, exact)
            elif whole:
                entry.digest = whole.digest
            changed |= bool(exact or whole)
        return changed

    def _attach_result(  # noqa: PLR0913
        self, chain: FileSystem, start: FileSystem, result: FileSystem, step: Step, old: str, *, copy: bool
    ) -> FileSystem:
        if copy or not self.merge:
            return self.new.add_op(file_ops.copied_entries(chain, result, step.carries), old)
        return self.new.merge([chain, self.new.difference(start, result, old)], old)


def _set_variables(meta: wire.Meta, step: Step) -> None:
    """Set a step's variables to those of the stage that it runs on, without those that PYENVs publish."""
    variables = dict(entry.partition("=")[::2] for entry in meta.env)
    if step.variables is not None:
        # The engine gives an image without a PATH one of its own.
        variables = {"PATH": variables.get("PATH", "")} | dict(step.variables)
    if step.kind == "graft":
        # It copies and starts an interpreter, which is the same whatever ENV and ARG say about other things.
        variables = {name: value for name, value in variables.items() if name == "PATH" or name.startswith("LD_")}
        meta.cwd = "/"
    del meta.env[:]
    meta.env.extend(f"{name}={value}" for name, value in variables.items() if not name.startswith(VARIABLE_PREFIX))


def _set_heredoc(meta: wire.Meta, step: Step) -> None:
    """Tell a step where its heredoc is, unless the user has a proxy for FTP."""
    names = {variable.partition("=")[0].lower() for variable in meta.env}
    if step.heredoc and HEREDOC_VARIABLE not in names and not meta.proxy_env.ftp_proxy:
        meta.proxy_env.ftp_proxy = HEREDOC_PREFIX + step.heredoc


def _set_input(op: wire.Op, mount: wire.Mount, output: FileSystem) -> None:
    """Set a mount's input. One that another mount uses, too, stays for that one; an empty one has none yet."""
    if mount.input < 0 or sum(other.input == mount.input for other in op.exec.mounts) > 1:
        mount.input = len(op.inputs)
        op.inputs.add()
    _point(op.inputs[mount.input], output)


def _point(entry: wire.Input, output: FileSystem) -> None:
    """Point an input at another output."""
    entry.digest, entry.index = output.digest, output.number
