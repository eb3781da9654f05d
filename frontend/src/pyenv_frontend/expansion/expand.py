"""Expand a Dockerfile with PYENV to one without, and record which lines stand for what."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pyenv_frontend.dockerfile.words import fields
from pyenv_frontend.expansion import astro_runtime, quoting, steps
from pyenv_frontend.expansion.independence import Way, layers_of, reason_against, wheels_platform
from pyenv_frontend.expansion.interpreter_choice import Interpreters
from pyenv_frontend.expansion.location import locate
from pyenv_frontend.expansion.printed_heredoc import is_like_a_secret, printed
from pyenv_frontend.expansion.weight import split
from pyenv_frontend.expansion.writer import DockerfileWriter
from pyenv_frontend.positions import LineMap, Lines, Span
from pyenv_frontend.pyenv.places import Places

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pyenv_frontend.dockerfile import Instruction
    from pyenv_frontend.expansion.astro_runtime import Triggers
    from pyenv_frontend.expansion.base_image import Base
    from pyenv_frontend.expansion.independence import LockedPackages
    from pyenv_frontend.expansion.interpreter_choice import Graft, InterpreterChoice
    from pyenv_frontend.expansion.location import EnvironmentLocation
    from pyenv_frontend.expansion.printed_builder_stage import PrintedBuilderStage
    from pyenv_frontend.expansion.standalone import StandaloneSteps
    from pyenv_frontend.expansion.step_images import StepImages
    from pyenv_frontend.expansion.weight import Parts
    from pyenv_frontend.inputs.resolve import StepInputs
    from pyenv_frontend.stages.program import Environment, Program, Stage

__all__ = ["BaseKey", "Expansion", "Step", "expand"]

type BaseKey = tuple[str, str | None]
"""An image as FROM names it, and its `--platform`, expanded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A generated RUN, as far as it matters for building environments side by side."""

    kind: Literal["graft", "environment"]
    environment: int
    """Which PYENV of the file it stands for, counted from 0."""

    line: int
    """The line of the expanded file it begins on."""

    carries: tuple[str, ...]
    """The paths that are the step's result."""

    graft: int | None
    """The graft it runs on, as an index into `Expansion.steps`; None when the base's own interpreter is used."""

    command: tuple[str, ...]
    """What it executes."""

    title: tuple[str, ...]
    """The words under which it runs. They are part of its cache key, so none is about another step."""

    stage: int = 0
    """The index of its stage."""

    independent: bool = False
    """Whether it does not run on its stage (see `independence`)."""

    parts: Parts | None = None
    """Its lock in two parts, if that has heavy distributions and it does not run on its stage."""

    heredoc: str = ""
    """Where the first line of the heredoc is that it installs, as `Dockerfile:7`. It is no part of its cache key."""

    variables: Mapping[str, str] | None = None
    """Its environment variables, if it runs on the stage of `--builder`; None: those of its own stage."""


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
            stage of its own for each PYENV with `--builder`, which in a build through us is a matter of the graph.
        standalone: whether the print is to need nothing of ours.

    Raises:
        UserError: a PYENV cannot be built on its base, or not be printed.
        HomeUnknownError: a stage's user is made by the stage itself, and the environment would be in their home.
    """
    document = program.document
    output = DockerfileWriter(document.file, document.escape.decode())
    recorded: list[Step] = []
    left_out = deque(program.left_out)
    parts = _decide(list(_parts(program, bases, inputs, images, to_print=to_print)), bases, program, locks)
    if standalone:
        parts = _without_mounts(parts, bases)
    builder_stages: dict[int, list[tuple[_Part, PrintedBuilderStage]]] = {}
    for part in parts:
        if part.builder_stage:
            builder_stages.setdefault(part.stage.index, []).append((part, part.builder_stage))
    done = 0
    for part in parts:
        stage, environment = part.stage, part.environment
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
        recorded += part.write(output, recorded)
        if surrounded and environment is stage.environments[-1]:
            surrounded.write_after(output, environment)
    _copy(output, Span(done, len(document.file.data)), left_out)
    return Expansion(source=output.source, lines=output.lines, steps=tuple(recorded), ways=_ways(parts))


def _decide(
    parts: list[_Part], bases: Mapping[BaseKey, Base], program: Program, locks: Sequence[LockedPackages | None]
) -> list[_Part]:
    """Decide for each environment whether it is independent; a graft is if one of its environments is."""
    new_grafts = {
        (part.stage.index, part.choice.graft.prefix) for part in parts if part.choice.graft and part.choice.is_new
    }
    decided = []
    for part, lock in zip(parts, locks or [None] * len(parts), strict=True):
        pyenv, graft = part.environment.pyenv, part.choice.graft
        made_here = graft is not None and (part.stage.index, graft.prefix) in new_grafts
        against = reason_against(pyenv, lock, part.choice, program, made_here=made_here)
        wheels = wheels_platform(bases[part.stage.root, part.stage.root_platform].libc)
        if lock is None or against:
            decided.append(replace(part, against=against))
        else:
            parts_of_lock = split(lock.packages)
            layers = layers_of(lock, parts_of_lock)
            decided.append(replace(part, wheels=wheels, parts=parts_of_lock, layers=layers))
    independent = {(part.stage.index, part.choice.python) for part in decided if not part.against}
    return [
        replace(part, grafts_independently=(part.stage.index, part.choice.python) in independent) for part in decided
    ]


def _without_mounts(parts: list[_Part], bases: Mapping[BaseKey, Base]) -> list[_Part]:
    """Give each part its steps for a print that needs nothing of ours; uv is there from its first to its last use."""
    from pyenv_frontend.expansion.standalone import StandaloneSteps  # noqa: PLC0415 - a build never needs it

    every = [
        StandaloneSteps(
            environment=printed(part.environment),
            location=part.location,
            choice=part.choice,
            inputs=part.inputs,
            base_env=bases[part.stage.root, part.stage.root_platform].env,
        )
        for part in parts
    ]
    users: dict[tuple[int, str], list[int]] = {}
    for number, (part, written) in enumerate(zip(parts, every, strict=True)):
        written.check()
        if written.uv_image and not part.builder_stage:
            users.setdefault((part.stage.index, written.uv_image), []).append(number)
    first, last = {numbers[0] for numbers in users.values()}, {numbers[-1] for numbers in users.values()}
    return [
        replace(part, standalone=replace(written, brings_uv=number in first, removes_uv=number in last))
        for number, (part, written) in enumerate(zip(parts, every, strict=True))
    ]


def _ways(parts: Sequence[_Part]) -> tuple[Way, ...]:
    return tuple(
        Way(name=pyenv.name.text, line=pyenv.instruction.lines.first, reason=part.against, layers=part.layers)
        for part in parts
        for pyenv in [part.environment.pyenv]
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


def _parts(
    program: Program,
    bases: Mapping[BaseKey, Base],
    inputs: Sequence[StepInputs],
    images: StepImages,
    *,
    to_print: bool,
) -> Iterator[_Part]:
    """Decide for every PYENV where it goes, and which of the interpreters that its stage has by then it is for.

    A trigger counts with those that the build which fires it has.
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
            choice = interpreters.choose(pyenv, base, environment.state, program)
            location = locate(environment, base)
            places[stage.index].take(location.path, pyenv)
            printed_stage = printed_stages.get(number)
            yield _Part(number, stage, environment, location, choice, inputs[number], images, printed_stage, to_print)
            number += 1
        ends[stage.index] = in_stage


@dataclass(frozen=True, slots=True)
class _Surrounded:
    """A stage whose base image's triggers are done around its PYENVs (see `astro_runtime`)."""

    stage: Stage
    base: Base
    triggers: Triggers

    @classmethod
    def by(cls, stage: Stage, base: Base, present: Collection[str]) -> _Surrounded | None:
        """Return the stage with its triggers sorted, if it begins with an image that has any to be taken over."""
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


@dataclass(frozen=True, slots=True)
class _Part:
    """One PYENV about to be written."""

    number: int
    stage: Stage
    environment: Environment
    location: EnvironmentLocation
    choice: InterpreterChoice
    inputs: StepInputs
    images: StepImages
    builder_stage: PrintedBuilderStage | None
    """The stage that installs it, if it has one of its own."""

    to_print: bool
    against: str = ""
    """Why it is installed on its stage; empty: it is not."""

    wheels: str = ""
    """The C library that wheels are chosen for, if it is not installed on its stage."""

    parts: Parts | None = None
    """Its lock in two parts, if it has heavy distributions."""

    layers: str = ""
    """What is said of its layers."""

    grafts_independently: bool = False
    standalone: StandaloneSteps | None = None
    """How it is written if the print is to need nothing of ours."""

    def write(self, output: DockerfileWriter, before: Sequence[Step]) -> list[Step]:
        """Write the instructions of this PYENV; return the steps among them."""
        pyenv, choice = self.environment.pyenv, self.choice
        written: list[Step] = []
        if self.standalone:
            self._write_standalone(output, self.standalone)
            return []
        if not self.location.is_root:
            self._instruction(output, ["USER", "0"])
        if choice.graft and choice.is_new:
            written.append(self._step("graft", output, self._graft(choice.graft), choice.graft.carries, None))
        graft = self._graft_of([*before, *written]) if choice.graft else None
        written.append(self._step("environment", output, self._result(), (self.location.path,), graft))
        self._publish(output)
        return [] if pyenv.onbuild else written

    def _write_standalone(self, output: DockerfileWriter, written: StandaloneSteps) -> None:
        as_root, as_user = ["USER", "0"], ["USER", quoting.env_value(self.location.user, self.environment.pyenv.escape)]
        if self.builder_stage:
            before, install, after = written.copy(self.builder_stage.name), [], []
            if self.choice.graft and self.choice.is_new:
                before = [*written.graft(self.choice.graft), *before]
        else:
            before, install, after = written.before(with_graft=self.choice.is_new), written.install(), written.after()
        blocks = [(as_root, before), (as_user, install), (as_root, after)]
        for user, instructions in blocks:
            if instructions and not self.location.is_root:
                self._instruction(output, user)
            for instruction in instructions:
                self._instruction(output, *instruction)
        self._publish(output, is_user=bool(install) and not after)

    def _publish(self, output: DockerfileWriter, *, is_user: bool = False) -> None:
        """Write the variables, and leave the stage's user as it was, unless it `is_user` already."""
        pyenv = self.environment.pyenv
        if self.to_print and any(map(is_like_a_secret, pyenv.name.variables)):  # a build drops Docker's warning
            output.comment(b"check=skip=SecretsUsedInArgOrEnv", pyenv.instruction.lines)
        self._instruction(output, steps.variables(pyenv, self.location))
        if not (self.location.is_root or is_user):
            self._instruction(output, ["USER", quoting.env_value(self.location.user, pyenv.escape)])

    def write_stage(self, output: DockerfileWriter, builder_stage: PrintedBuilderStage) -> None:
        """Write the stage that installs this environment, for the line that it is put before."""
        pyenv = self.environment.pyenv
        output.comment(pyenv.instruction.text, builder_stage.lines)
        begin = (
            ["from", builder_stage.builder, "as"] if pyenv.keyword.islower() else ["FROM", builder_stage.builder, "AS"]
        )
        self._instruction(output, [*begin, builder_stage.name], lines=builder_stage.lines)
        for instruction in builder_stage.settings:
            output.repeat(instruction.text, builder_stage.lines)
        self._instruction(output, ["USER", "0"], lines=builder_stage.lines)
        if self.standalone:
            runs = [*self.standalone.before(with_graft=True, in_other_stage=True), *self.standalone.install()]
        else:
            runs = [*([self._graft(self.choice.graft)] if self.choice.graft else []), self._install()]
        for run in runs:
            self._instruction(output, *run, lines=builder_stage.lines)
        output.repeat(b"\n", builder_stage.lines)

    @property
    def _tools(self) -> str:
        return self.images.onbuild_tools if self.environment.pyenv.onbuild else self.images.tools(self.stage)

    def _graft(self, graft: Graft) -> steps.Run:
        """Return the step that grafts the interpreter."""
        pyenv = self.environment.pyenv
        image = graft.image if pyenv.onbuild else self.images.interpreter(graft, self.stage, pyenv)
        return steps.graft(graft, image=image, tools=self._tools)

    def _result(self) -> steps.Run:
        """Return the step that has the environment as its result."""
        if self.builder_stage:
            pyenv, name = self.environment.pyenv, self.builder_stage.name
            return steps.copy(pyenv, self.location, self.choice.python, stage=name, tools=self._tools)
        return self._install()

    def _install(self) -> steps.Run:
        pyenv = (printed(self.environment) if self.to_print else self.environment).pyenv
        uv = steps.uv_image(pyenv.options.uv) if pyenv.options.uv else ""
        return steps.environment(
            pyenv,
            self.location,
            self.choice.python,
            inputs=self.inputs,
            tools=self._tools,
            uv=self.images.uv(uv, self.stage, pyenv) if uv and not pyenv.onbuild else uv,
            selfcheck=self.choice.graft is None,
            mounts_builder=self.builder_stage is None,
            wheels="" if self.to_print else self.wheels,
        )

    def _instruction(
        self, output: DockerfileWriter, words: list[str], command: Sequence[str] = (), lines: Lines | None = None
    ) -> int:
        """Keywords follow the case in which the user wrote PYENV, as Docker's lint wants them alike."""
        pyenv = self.environment.pyenv
        keywords = ["ONBUILD", words[0]] if pyenv.onbuild else [words[0]]
        cased = [word.lower() if pyenv.keyword.islower() else word for word in keywords]
        return output.instruction([*cased, *words[1:]], command, lines or pyenv.instruction.lines)

    def _step(
        self,
        kind: Literal["graft", "environment"],
        output: DockerfileWriter,
        run: steps.Run,
        carries: tuple[str, ...],
        graft: int | None,
    ) -> Step:
        """Write a RUN, and record what it is."""
        pyenv = self.environment.pyenv
        builder = self.environment.builder if kind == "environment" else None
        title = steps.graft_title(pyenv) if kind == "graft" else pyenv.instruction.title.split()
        return Step(
            kind=kind,
            environment=self.number,
            line=self._instruction(output, *run),
            carries=carries,
            graft=graft,
            command=tuple(run[1]),
            title=tuple(title),
            stage=self.stage.index,
            heredoc=pyenv.heredoc_start if kind == "environment" else "",
            independent=not self.to_print and (self.grafts_independently if kind == "graft" else not self.against),
            parts=self.parts if kind == "environment" and not self.to_print else None,
            variables=builder.variables if builder else None,
        )

    def _graft_of(self, steps_so_far: Sequence[Step]) -> int | None:
        """Return the index of the graft step that this environment's interpreter comes from."""
        graft = self.choice.graft
        return next(
            (
                index
                for index, step in enumerate(steps_so_far)
                if step.kind == "graft" and graft and step.carries == graft.carries
            ),
            None,
        )
