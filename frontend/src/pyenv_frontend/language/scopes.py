"""From a document to its `Program`: stages, what they are based on, and the PYENVs in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyenv_frontend.document.words import fields
from pyenv_frontend.errors import UserError, near
from pyenv_frontend.language.names import clash
from pyenv_frontend.language.parse import parse_pyenv
from pyenv_frontend.language.program import Environment, Program, Stage
from pyenv_frontend.language.variables import GlobalScope, Scope, platform_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyenv_frontend.document import Document, Instruction
    from pyenv_frontend.language.instruction import Pyenv
    from pyenv_frontend.position import Location

__all__ = ["Settings", "has_pyenv", "read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a build says from outside of the Dockerfile."""

    build_args: Mapping[str, str] = field(default_factory=dict)
    build_platform: str = "linux/amd64"

    target_platform: str | None = None
    """None: the one that builds."""

    target: str = ""
    """The stage to build, empty for the last one."""


def no_variables(reference: str, platform: str | None) -> Mapping[str, str]:
    """Know nothing about base images."""
    del reference, platform
    return {}


def has_pyenv(document: Document) -> bool:
    """Whether there is anything for us to do in this file."""
    return any(map(_is_pyenv, document.instructions))


def read(
    document: Document,
    settings: Settings | None = None,
    *,
    base_variables: Callable[[str, str | None], Mapping[str, str]] = no_variables,
    report: Callable[[UserError], None] | None = None,
) -> Program:
    """Read a Dockerfile.

    Args:
        document: the file.
        settings: build-args and platforms.
        base_variables: the ENV of an external base image, given its reference and its `--platform` (or None); asked
            once for each stage that has a PYENV in its chain.
        report: gets each error, and the PYENV is left out; without it the first error is raised.

    Raises:
        UserError: a PYENV is wrong, and `report` was not given.
    """
    return _Reader(document, settings or Settings(), base_variables, report).program()


def _is_pyenv(instruction: Instruction) -> bool:
    if instruction.name == "PYENV":
        return True
    trigger = instruction.trigger
    return trigger is not None and trigger.name == "PYENV"


@dataclass(slots=True)
class _OpenStage:
    """A stage while it is read."""

    index: int
    name: str | None
    base: str
    parent: _OpenStage | None
    platform: str | None
    instruction: Instruction
    instructions: list[Instruction] = field(default_factory=list)
    environments: list[Environment] = field(default_factory=list)
    scope: Scope | None = None

    @property
    def root(self) -> _OpenStage:
        return self if self.parent is None else self.parent.root

    def close(self) -> Stage:
        assert self.scope is not None  # noqa: S101 - set as soon as the stage is opened
        return Stage(
            index=self.index,
            name=self.name,
            base=self.base,
            parent=None if self.parent is None else self.parent.index,
            root=self.root.base,
            platform=self.platform,
            root_platform=self.root.platform,
            instruction=self.instruction,
            instructions=tuple(self.instructions),
            environments=tuple(self.environments),
            state=self.scope.snapshot(),
        )


class _Reader:
    """Reads instructions in order; each FROM opens a stage."""

    def __init__(
        self,
        document: Document,
        settings: Settings,
        base_variables: Callable[[str, str | None], Mapping[str, str]],
        report: Callable[[UserError], None] | None,
    ) -> None:
        self._document = document
        self._base_variables = base_variables
        self._report = report
        target = settings.target_platform or settings.build_platform
        variables = platform_variables(settings.build_platform, target, settings.target)
        self._globals = GlobalScope(variables, settings.build_args, document.escape)
        self._stages: list[_OpenStage] = []
        self._asked: dict[tuple[str, str | None], Mapping[str, str]] = {}
        self._needed = _roots_needed(document)

    def program(self) -> Program:
        for instruction in self._document.instructions:
            try:
                self._instruction(instruction)
            except UserError as error:
                if self._report is None:
                    raise
                self._report(error)
        return Program(document=self._document, stages=tuple(stage.close() for stage in self._stages))

    def _instruction(self, instruction: Instruction) -> None:
        if instruction.name == "FROM":
            self._open(instruction)
        elif self._stages:
            self._inside(instruction, self._stages[-1])
        elif instruction.name == "ARG":
            self._globals.declare(instruction.command)
        elif _is_pyenv(instruction):
            place = (instruction.trigger or instruction.command).keyword.location
            raise UserError("PYENV stands before the first FROM", place, hint="move it below a FROM")

    def _open(self, instruction: Instruction) -> None:
        words = fields(instruction.arguments)
        base = self._globals.expand(words[0]) if words else ""
        named = len(words) == 3 and words[1].text.lower() == b"as"  # FROM base AS name
        name = words[2].text.decode(errors="replace").lower() if named else None
        flags = [flag.value for flag in instruction.flags if flag.name.text == b"platform" and flag.value]
        platform = self._globals.expand(flags[-1]) if flags else None
        parent = next((stage for stage in reversed(self._stages) if stage.name == base), None)
        stage = _OpenStage(len(self._stages), name, base, parent, platform, instruction)
        stage.scope = self._scope(stage)
        self._stages.append(stage)

    def _scope(self, stage: _OpenStage) -> Scope:
        if stage.parent is None:
            known = {} if stage.base == "scratch" else self._variables_of(stage)
            return Scope(self._globals, dict(known))
        assert stage.parent.scope is not None  # noqa: S101 - it was opened before
        scope = stage.parent.scope.inherit()
        for instruction in stage.parent.instructions:
            trigger = instruction.trigger
            if trigger is not None:
                scope.run(trigger)
        return scope

    def _variables_of(self, stage: _OpenStage) -> Mapping[str, str]:
        if stage.instruction.span not in self._needed:
            return {}
        key = stage.base, stage.platform
        if key not in self._asked:
            self._asked[key] = self._base_variables(*key)
        return self._asked[key]

    def _inside(self, instruction: Instruction, stage: _OpenStage) -> None:
        assert stage.scope is not None  # noqa: S101 - set as soon as the stage is opened
        stage.instructions.append(instruction)
        if not _is_pyenv(instruction):
            stage.scope.run(instruction.command)
            return
        pyenv = parse_pyenv(instruction, stage.scope)
        self._check_name(pyenv, stage)
        self._check_stages(pyenv, stage)
        stage.environments.append(Environment(pyenv=pyenv, state=stage.scope.snapshot()))

    def _check_name(self, pyenv: Pyenv, stage: _OpenStage) -> None:
        """A name is taken in its stage and in those that the stage is based on."""
        current: _OpenStage | None = stage
        while current is not None:
            for earlier in current.environments:
                reason = clash(pyenv.name, earlier.pyenv.name)
                if reason:
                    places = (self._at(pyenv.name), self._at(earlier.pyenv.name))
                    where = "" if current is stage else f" in the stage {current.name} that this one is based on"
                    raise UserError(f"{reason}{where}", *places, hint="give one of them another name")
            current = current.parent

    def _check_stages(self, pyenv: Pyenv, stage: _OpenStage) -> None:
        """What `--builder` and `--from` name must stand before."""
        options = pyenv.options
        for option, wanted in (("builder", options.builder), ("from", options.from_)):
            span = options.span(option)
            if wanted is None or span is None:
                continue
            place = pyenv.instruction.location._replace(span=span)
            if wanted.lower() == stage.name or wanted == str(stage.index):
                raise UserError(f"--{option}={wanted} is the stage that this PYENV is in", place)
            if self._stage(wanted) is None and (option == "builder" or self._comes_later(wanted)):
                raise self._no_stage(option, wanted, place)

    def _stage(self, wanted: str) -> _OpenStage | None:
        for stage in reversed(self._stages):
            if stage.name == wanted.lower() or str(stage.index) == wanted:
                return stage
        return None

    def _comes_later(self, wanted: str) -> bool:
        later = (fields(each.arguments) for each in self._document.instructions if each.name == "FROM")
        names = [words[2].text.decode(errors="replace").lower() for words in later if len(words) == 3]  # base AS name
        return wanted.lower() in names or wanted.isdecimal()

    def _no_stage(self, option: str, wanted: str, place: Location) -> UserError:
        names = [stage.name for stage in self._stages[:-1] if stage.name]
        if self._comes_later(wanted):
            message = f"the stage {wanted} stands behind the one that wants it"
            return UserError(message, place, hint=f"move FROM ... AS {wanted} up")
        meant = near(wanted, names)
        expected = f"one of {', '.join(names)}" if names else "a stage before this one: FROM ... AS builder"
        message = f"--{option}: there is no stage {wanted}"
        return UserError(message, place, expected=expected, hint=f"did you mean {meant}?" if meant else "")

    def _at(self, named: object) -> Location:
        place = self._document.instructions[0].location
        return place._replace(span=named.span)  # type: ignore[attr-defined]


def _roots_needed(document: Document) -> set[object]:
    """The FROMs whose stages come into question for a PYENV: all up to the last PYENV, where there is one."""
    found: set[object] = set()
    waiting: list[object] = []
    for instruction in document.instructions:
        if instruction.name == "FROM":
            waiting.append(instruction.span)
        elif waiting and _is_pyenv(instruction):
            found.update(waiting)
            waiting.clear()
    return found
