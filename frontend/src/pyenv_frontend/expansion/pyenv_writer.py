"""Write the instructions that one PYENV stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pyenv_frontend.expansion import quoting, steps
from pyenv_frontend.expansion.printed_heredoc import is_like_a_secret, printed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyenv_frontend.expansion.interpreter_choice import Graft, InterpreterChoice
    from pyenv_frontend.expansion.location import EnvironmentLocation
    from pyenv_frontend.expansion.printed_builder_stage import PrintedBuilderStage
    from pyenv_frontend.expansion.standalone import StandaloneSteps
    from pyenv_frontend.expansion.step_images import StepImages
    from pyenv_frontend.expansion.weight import Parts
    from pyenv_frontend.expansion.writer import DockerfileWriter
    from pyenv_frontend.inputs.resolve import StepInputs
    from pyenv_frontend.positions import Lines
    from pyenv_frontend.stages.program import Environment, Stage

__all__ = ["PyenvWriter", "Step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A generated RUN, as far as it matters for building environments side by side."""

    kind: Literal["graft", "environment"]
    environment: int
    """Index of its PYENV in the file."""

    line: int
    """The line of the expanded file it begins on."""

    carries: tuple[str, ...]
    """The paths that are the step's result."""

    graft: int | None
    """The graft it runs on, as an index into `Expansion.steps`; None when the base's own interpreter is used."""

    command: tuple[str, ...]
    """The command."""

    title: tuple[str, ...]
    """The words of its title. They are part of its cache key, so they do not depend on other steps."""

    stage: int = 0
    """The index of its stage."""

    source: tuple[str, ...] = ()
    """What is checked of an image or stage that the user names, before a graft (see `pyenv_image.source`)."""

    builder: tuple[str, ...] = ()
    """What is checked of the stage of `--builder`, before an install (see `pyenv_image.builder`)."""

    independent: bool = False
    """Whether it does not run on its stage (see `independence`)."""

    parts: Parts | None = None
    """Its lock in two parts, if that has heavy distributions and it does not run on its stage."""

    heredoc: str = ""
    """Position of the first line of its heredoc, as `Dockerfile:7`. It is not part of its cache key."""

    variables: Mapping[str, str] | None = None
    """Its environment variables, if it runs on the stage of `--builder`; None for those of its own stage."""


@dataclass(frozen=True, slots=True)
class PyenvWriter:
    """One PYENV about to be written, with all that has been decided for it."""

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
    """Why it is installed on its stage; empty if it is not."""

    wheels: str = ""
    """The C library that wheels are chosen for, if it is not installed on its stage."""

    parts: Parts | None = None
    """Its lock in two parts, if it has heavy distributions."""

    layers: str = ""
    """A description of its layers."""

    checks_apart: bool = False
    """Whether the step has to check that the packages fit together, though it must not run their code."""

    grafts_independently: bool = False
    standalone: StandaloneSteps | None = None
    """Its steps in a standalone print."""

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
        """Write the stage that installs this environment, before the stage that uses it."""
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
        keeps_byte_code = self.grafts_independently and not self.to_print
        return steps.graft(graft, image=image, tools=self._tools, keeps_byte_code=keeps_byte_code)

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
            checks_apart=self.checks_apart and not self.to_print,
        )

    def _instruction(
        self, output: DockerfileWriter, words: list[str], command: Sequence[str] = (), lines: Lines | None = None
    ) -> int:
        """Write an instruction. Its keywords have the letter case of the user's PYENV, as Docker's lint requires."""
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
            source=self._source() if kind == "graft" else (),
            builder=self._builder() if builder else (),
            heredoc=pyenv.heredoc_start if kind == "environment" else "",
            independent=not self.to_print and (self.grafts_independently if kind == "graft" else not self.against),
            parts=self.parts if kind == "environment" and not self.to_print else None,
            variables=builder.variables if builder else None,
        )

    def _source(self) -> tuple[str, ...]:
        """Return what is checked of the image of a graft; an official one that was chosen here needs no check."""
        graft = self.choice.graft
        named_by = graft and (graft.named_by or ("--build-context" if self.images.is_replaced(graft.image) else ""))
        if graft is None or not named_by:
            return ()
        # What stands for an official image is said to fit the base; the self-check judges whether it does.
        libc = graft.libc if graft.named_by else graft.libc.partition(" ")[0]
        return (graft.image, named_by, graft.source, self.environment.pyenv.version.text, graft.series, libc)

    def _builder(self) -> tuple[str, ...]:
        """Return what is checked of the stage of `--builder`."""
        name = self.environment.pyenv.options.builder or ""
        return (name, self.stage.root, self.choice.python, self.choice.graft.image if self.choice.graft else "")

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
