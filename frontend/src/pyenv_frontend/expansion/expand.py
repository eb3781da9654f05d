"""Expand a Dockerfile with PYENV to one without, and record which lines stand for what."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyenv_frontend.dockerfile.words import fields
from pyenv_frontend.expansion import astro_runtime, quoting
from pyenv_frontend.expansion.independence import Way, layers_of, reason_against, wheels_platform
from pyenv_frontend.expansion.interpreter_choice import Interpreters
from pyenv_frontend.expansion.location import locate
from pyenv_frontend.expansion.printed_heredoc import printed
from pyenv_frontend.expansion.pyenv_writer import PyenvWriter, Step
from pyenv_frontend.expansion.weight import split
from pyenv_frontend.expansion.writer import DockerfileWriter
from pyenv_frontend.positions import LineMap, Span
from pyenv_frontend.pyenv.places import Places

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pyenv_frontend.dockerfile import Instruction
    from pyenv_frontend.expansion.astro_runtime import Triggers
    from pyenv_frontend.expansion.base_image import Base
    from pyenv_frontend.expansion.independence import LockedPackages
    from pyenv_frontend.expansion.printed_builder_stage import PrintedBuilderStage
    from pyenv_frontend.expansion.step_images import StepImages
    from pyenv_frontend.inputs.resolve import StepInputs
    from pyenv_frontend.stages.program import Environment, Program, Stage

__all__ = ["BaseKey", "Expansion", "Step", "expand"]

type BaseKey = tuple[str, str | None]
"""An image as FROM names it, and its `--platform`, expanded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """A Dockerfile without PYENV."""

    source: bytes
    lines: LineMap
    """For each line of `source` the user's lines."""

    steps: tuple[Step, ...]
    """In the order of the file; triggers of ONBUILD, which do not run in this build, are not among them."""

    ways: tuple[Way, ...] = ()
    """How each environment is installed, in the order of the file."""


def expand(  # noqa: PLR0913 - the file, and all that it takes to expand it
    program: Program,
    bases: Mapping[BaseKey, Base],
    inputs: Sequence[StepInputs],
    images: StepImages,
    *,
    locks: Sequence[LockedPackages | None] = (),
    present: Collection[str] = (),
    to_print: bool = False,
    standalone: bool = False,
) -> Expansion:
    """Replace every PYENV by plain instructions; every other byte stays as it is.

    Args:
        program: the Dockerfile, read.
        bases: the facts of the images that stages with a PYENV begin with.
        inputs: for each PYENV of the file what its step reads of the build context.
        images: the images that the steps mount.
        locks: for each PYENV the lock that it is installed from, if there is one; empty: there is none.
        present: which of `astro_runtime.FILES` the build context has.
        to_print: for people and other builders: with the user's own PYENV as a comment above its expansion, and with a
            stage of its own for each PYENV with `--builder`, for which our own builds change the graph instead.
        standalone: whether the print must not need our images.

    Raises:
        UserError: a PYENV cannot be built on its base, or not be printed.
        HomeUnknownError: a stage's user is made by the stage itself, and the environment would be in their home.
    """
    document = program.document
    output = DockerfileWriter(document.file, document.escape.decode())
    recorded: list[Step] = []
    left_out = deque(program.left_out)
    writers = _decide(list(_writers(program, bases, inputs, images, to_print=to_print)), bases, program, locks)
    if standalone:
        writers = _without_mounts(writers, bases)
    builder_stages: dict[int, list[tuple[PyenvWriter, PrintedBuilderStage]]] = {}
    for writer in writers:
        if writer.builder_stage:
            builder_stages.setdefault(writer.stage.index, []).append((writer, writer.builder_stage))
    done = 0
    for writer in writers:
        stage, environment = writer.stage, writer.environment
        instruction = environment.pyenv.instruction
        surrounded = _Surrounded.by(stage, bases[stage.root, stage.root_platform], present)
        if environment is stage.environments[0]:
            for installed, builder_stage in builder_stages.get(stage.index, ()):
                _copy(output, Span(done, builder_stage.start), left_out)
                done = builder_stage.start
                installed.write_stage(output, builder_stage)
            if surrounded:
                _copy(output, Span(done, stage.instruction.span.start), left_out)
                done = surrounded.write_before(output)
        _copy(output, Span(done, instruction.span.start), left_out)
        done = instruction.span.end
        if to_print:
            output.comment(instruction.text, instruction.lines)
        recorded += writer.write(output, recorded)
        if surrounded and environment is stage.environments[-1]:
            surrounded.write_after(output, environment)
    _copy(output, Span(done, len(document.file.data)), left_out)
    return Expansion(source=output.source, lines=output.lines, steps=tuple(recorded), ways=_ways(writers))


def _decide(
    writers: list[PyenvWriter], bases: Mapping[BaseKey, Base], program: Program, locks: Sequence[LockedPackages | None]
) -> list[PyenvWriter]:
    """Decide for each environment whether it is independent; a graft is if one of its environments is."""
    new_grafts = {
        (writer.stage.index, writer.choice.graft.prefix)
        for writer in writers
        if writer.choice.graft and writer.choice.is_new
    }
    decided = []
    for writer, lock in zip(writers, locks or [None] * len(writers), strict=True):
        pyenv, graft = writer.environment.pyenv, writer.choice.graft
        made_here = graft is not None and (writer.stage.index, graft.prefix) in new_grafts
        base = bases[writer.stage.root, writer.stage.root_platform]
        variables = {**base.env, **writer.environment.state.variables}
        against = reason_against(pyenv, lock, writer.choice, program, made_here=made_here, variables=variables)
        wheels = wheels_platform(base.libc)
        if lock is None or against:
            decided.append(replace(writer, against=against))
        else:
            parts = split(lock.packages, lock.head)
            layers = layers_of(lock, parts)
            decided.append(replace(writer, wheels=wheels, parts=parts, layers=layers, checks_apart=lock.by_others))
    independent = {(writer.stage.index, writer.choice.python) for writer in decided if not writer.against}
    return [
        replace(writer, grafts_independently=(writer.stage.index, writer.choice.python) in independent)
        for writer in decided
    ]


def _without_mounts(writers: list[PyenvWriter], bases: Mapping[BaseKey, Base]) -> list[PyenvWriter]:
    """Give each writer its steps in a standalone print; uv is there from its first to its last use."""
    from pyenv_frontend.expansion.standalone import StandaloneSteps  # noqa: PLC0415 - a build never needs it

    every = [
        StandaloneSteps(
            environment=printed(writer.environment),
            location=writer.location,
            choice=writer.choice,
            inputs=writer.inputs,
            base_env=bases[writer.stage.root, writer.stage.root_platform].env,
        )
        for writer in writers
    ]
    users: dict[tuple[int, str], list[int]] = {}
    for number, (writer, written) in enumerate(zip(writers, every, strict=True)):
        written.check()
        if written.uv_image and not writer.builder_stage:
            users.setdefault((writer.stage.index, written.uv_image), []).append(number)
    first, last = {numbers[0] for numbers in users.values()}, {numbers[-1] for numbers in users.values()}
    return [
        replace(writer, standalone=replace(written, brings_uv=number in first, removes_uv=number in last))
        for number, (writer, written) in enumerate(zip(writers, every, strict=True))
    ]


def _ways(writers: Sequence[PyenvWriter]) -> tuple[Way, ...]:
    return tuple(
        Way(name=pyenv.name.text, line=pyenv.instruction.lines.first, reason=writer.against, layers=writer.layers)
        for writer in writers
        for pyenv in [writer.environment.pyenv]
    )


def _copy(output: DockerfileWriter, span: Span, left_out: deque[Instruction]) -> None:
    """Copy a stretch of the file; PYENVs in it that no stage of this build needs become comments."""
    done = span.start
    while left_out and left_out[0].span.start < span.end:
        instruction = left_out.popleft()
        output.copy(Span(done, instruction.span.start))
        output.comment(instruction.text, instruction.lines)
        done = instruction.span.end
    output.copy(Span(done, span.end))


def _writers(
    program: Program,
    bases: Mapping[BaseKey, Base],
    inputs: Sequence[StepInputs],
    images: StepImages,
    *,
    to_print: bool,
) -> Iterator[PyenvWriter]:
    """Choose the location and the interpreter of every PYENV; its stage has the interpreters of those before it.

    Triggers share interpreters with the other triggers of their stage only, as they run in another build.
    """
    printed_stages: Mapping[int, PrintedBuilderStage] = {}
    if to_print:
        from pyenv_frontend.expansion.printed_builder_stage import printed_builder_stages  # noqa: PLC0415 - a build never needs it

        printed_stages = printed_builder_stages(program)
    number = 0
    ends: dict[int, Interpreters] = {}
    places: dict[int, Places] = {}
    for stage in program.stages:
        places[stage.index] = Places(places[stage.parent] if stage.parent is not None else None)
        in_stage = ends[stage.parent].inherit() if stage.parent is not None else Interpreters()
        in_triggers = Interpreters()
        for environment in stage.environments:
            pyenv, base = environment.pyenv, bases[stage.root, stage.root_platform]
            interpreters = in_triggers if pyenv.onbuild else in_stage
            of_source = _interpreters_of(program.stage(pyenv.options.from_ or ""), ends, bases, pyenv.version.minor)
            choice = interpreters.choose(pyenv, base, environment.state, program, of_source)
            location = locate(environment, base)
            places[stage.index].take(location.path, pyenv)
            printed_stage = printed_stages.get(number)
            yield PyenvWriter(
                number, stage, environment, location, choice, inputs[number], images, printed_stage, to_print
            )
            number += 1
        ends[stage.index] = in_stage


def _interpreters_of(
    stage: Stage | None, ends: Mapping[int, Interpreters], bases: Mapping[BaseKey, Base], series: str
) -> Interpreters:
    """Return what the PYENVs of a stage have grafted; nothing if its base image has a Python of that series itself."""
    base = bases.get((stage.root, stage.root_platform)) if stage else None
    if stage is None or base is None or series in base.interpreters:
        return Interpreters()
    return ends.get(stage.index, Interpreters())


@dataclass(frozen=True, slots=True)
class _Surrounded:
    """A stage whose base image's triggers are executed around its PYENVs (see `astro_runtime`)."""

    stage: Stage
    base: Base
    triggers: Triggers

    @classmethod
    def by(cls, stage: Stage, base: Base, present: Collection[str]) -> _Surrounded | None:
        """Return the stage with its triggers sorted, or None if its image has no such triggers."""
        if stage.parent is not None or not base.triggers:
            return None
        return cls(stage, base, astro_runtime.sort(base.triggers, present))

    def write_before(self, output: DockerfileWriter) -> int:
        """Write FROM with the image that has no triggers, and the system's part of them; return where FROM ends."""
        instruction = self.stage.instruction
        output.insert(instruction.span, fields(instruction.arguments)[0].span.end, b"-base")
        for trigger in self.triggers.before:
            output.verbatim(astro_runtime.spelled(trigger, instruction.escape.decode()), instruction.lines)
        if self.triggers.user:
            output.verbatim(f"USER {self.base.user}", instruction.lines)
        return instruction.span.end

    def write_after(self, output: DockerfileWriter, last: Environment) -> None:
        """Write the project's part; it stands for the lines of the PYENV that it follows."""
        lines = last.pyenv.instruction.lines
        if self.triggers.user:
            output.verbatim(f"USER {self.triggers.user}", lines)
        escape = last.pyenv.instruction.escape.decode()
        for trigger in self.triggers.after:
            output.verbatim(astro_runtime.spelled(trigger, escape), lines)
        if last.state.user is not None:
            output.verbatim(f"USER {quoting.env_value(last.state.user or 'root', escape)}", lines)
