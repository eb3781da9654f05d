"""Analyze a document: its stages, what they are based on, and their PYENVs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pyenv_frontend.errors import UserError, did_you_mean
from pyenv_frontend.positions import Location
from pyenv_frontend.pyenv.names import clash
from pyenv_frontend.pyenv.parser import parse_pyenv
from pyenv_frontend.stages.program import Builder, Environment, Program, Stage
from pyenv_frontend.stages.reachability import reachable
from pyenv_frontend.stages.scope import CHANGES, GlobalScope, platform_variables
from pyenv_frontend.stages.stages import last_name, outline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pyenv_frontend.dockerfile import Document, Instruction
    from pyenv_frontend.dockerfile.words import Expanded
    from pyenv_frontend.positions import Logical
    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_frontend.stages.scope import Scope
    from pyenv_frontend.stages.stages import OpenStage

__all__ = ["Settings", "has_pyenv", "read"]

_SETTINGS = frozenset({"ARG", "ENV"})
_STAGE_OPTIONS = {"builder": "builder", "from": "from_", "uv": "uv"}
"""The options that may name a stage, and their fields."""

_PYTHON_IMAGE = "PYENV_PYTHON_IMAGE"
"""The ARG before the first FROM, or the build-arg, that names a mirror of the repository `python`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a build outside of the Dockerfile."""

    build_args: Mapping[str, str] = MappingProxyType({})
    build_platform: str = "linux/amd64"

    target_platform: str | None = None
    """The platform to build for; None for the one that builds."""

    target: str = ""
    """The stage to build, empty for the last one."""

    reachable_only: bool = False
    """Whether PYENVs in stages that the target does not need are left out and not read."""


def no_variables(reference: str, platform: str | None) -> Mapping[str, str]:
    """Return no variables, if nothing is known about base images."""
    del reference, platform
    return {}


def has_pyenv(document: Document) -> bool:
    """Whether the file has a PYENV."""
    return any(instruction.is_pyenv for instruction in document.instructions)


def read(
    document: Document,
    settings: Settings | None = None,
    *,
    base_variables: Callable[[str, str | None], Mapping[str, str]] = no_variables,
    builder_variables: Callable[[str, str | None], Mapping[str, str]] = no_variables,
    report: Callable[[UserError], None] | None = None,
) -> Program:
    """Read a Dockerfile.

    Args:
        document: the file.
        settings: build-args and platforms.
        base_variables: the ENV of an external base image, given its reference and its `--platform` (or None); asked
            once for each image that a stage with a PYENV begins with.
        builder_variables: the same for the images that the stages of `--builder` begin with.
        report: gets each error, and the PYENV is left out; without it the first error is raised.

    Raises:
        UserError: a PYENV is wrong, and `report` was not given.
    """
    return _Reader(document, settings or Settings(), base_variables, builder_variables, report).program()


class _Reader:
    """Read stage after stage; a stage begins with the final state of the stage that it is based on."""

    def __init__(
        self,
        document: Document,
        settings: Settings,
        base_variables: Callable[[str, str | None], Mapping[str, str]],
        builder_variables: Callable[[str, str | None], Mapping[str, str]],
        report: Callable[[UserError], None] | None,
    ) -> None:
        self._document = document
        self._base_variables = base_variables
        self._builder_variables = builder_variables
        self._report = report
        target = settings.target_platform or settings.build_platform
        variables = platform_variables(settings.build_platform, target, settings.target or last_name(document))
        self._globals = GlobalScope(variables, settings.build_args, document.escape)
        self._before, self._stages = outline(document, self._globals)
        everything = set(range(len(self._stages)))
        self._reachable = reachable(self._stages, settings.target) if settings.reachable_only else everything
        self._left_out: list[Instruction] = []

    def program(self) -> Program:
        for instruction in self._before:
            if instruction.is_pyenv:
                self._take(self._too_early, instruction)
        self._ask_bases()
        for stage in self._stages:
            if stage.parent is not None:
                stage.scope = _inherited(stage.parent, stage.parent.scope)
            for instruction in stage.instructions:
                if instruction.is_pyenv:
                    if stage.index in self._reachable:
                        self._take(self._pyenv, instruction, stage)
                    else:
                        self._left_out.append(instruction)
                elif instruction.name in CHANGES:
                    stage.scope.run(instruction.command)
        stages = tuple(map(_closed, self._stages))
        variables = {**self._globals.build_args, **self._globals.values}
        return Program(
            document=self._document,
            stages=stages,
            python_image=variables.get(_PYTHON_IMAGE) or "python",
            left_out=tuple(self._left_out),
        )

    def _take[**P](self, action: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            action(*args, **kwargs)
        except UserError as error:
            if self._report is None:
                raise
            self._report(error)

    @staticmethod
    def _too_early(instruction: Instruction) -> None:
        place = (instruction.trigger or instruction.command).keyword.location
        raise UserError("PYENV comes before the first FROM", place, hint="move it below a FROM")

    def _ask_bases(self) -> None:
        """Get the ENV of each image that a stage with a PYENV begins with, once."""
        stages = [stage for stage in self._stages if stage.index in self._reachable]
        roots = [stage.root for stage in stages if any(line.is_pyenv for line in stage.instructions)]
        known: dict[tuple[str, str | None], Mapping[str, str]] = {("scratch", None): {}}
        for root in dict.fromkeys(roots):
            key = root.base, root.platform
            if key not in known:
                known[key] = self._base_variables(*key)
            root.scope.begin(known[key])

    def _pyenv(self, instruction: Instruction, stage: OpenStage) -> None:
        variables = _Watched(stage.scope)
        pyenv = self._with_named_stages(parse_pyenv(instruction, variables), stage)
        self._check_name(pyenv, stage)
        if pyenv.options.path:  # other folders depend on the base image
            stage.places.take(pyenv.options.path, pyenv)
        builder_stage = self._stage(pyenv.options.builder) if pyenv.options.builder else None
        builder = self._builder(instruction, stage, builder_stage) if builder_stage else None
        assumed = stage.scope.unset_behind(variables.names)
        environment = Environment(pyenv=pyenv, state=stage.scope.snapshot(), builder=builder, assumed=assumed)
        stage.environments.append(environment)

    def _builder(self, instruction: Instruction, stage: OpenStage, builder: OpenStage) -> Builder:
        """Return the stage of `--builder` with its final state, and the settings that the PYENV's own stage adds."""
        settings = tuple(_settings(stage, builder, instruction))
        scope = self._ended(builder).inherit()
        for setting in settings:
            scope.run(setting.command)
        return Builder(settings=settings, variables=scope.snapshot().variables)

    def _ended(self, stage: OpenStage) -> Scope:
        """Return the final state of a stage of `--builder`, whose base image may be one that no PYENV uses."""
        if stage.parent is not None:
            scope = _inherited(stage.parent, self._ended(stage.parent))
        else:
            scope = self._globals.stage()
            scope.begin({} if stage.base == "scratch" else self._builder_variables(stage.base, stage.platform))
        for instruction in stage.instructions:
            if instruction.name in _SETTINGS:
                scope.run(instruction.command)
        return scope

    def _check_name(self, pyenv: Pyenv, stage: OpenStage) -> None:
        """Check that a name is not taken in its stage or in those that the stage is based on."""
        current: OpenStage | None = stage
        while current is not None:
            for variable in pyenv.name.variables:
                earlier = current.taken.get(variable)
                if earlier is not None:
                    where = "" if current is stage else f" in the stage {current.name} that this one is based on"
                    places = (Location(self._document.file, name.span) for name in (pyenv.name, earlier))
                    message = f"{clash(pyenv.name, earlier, variable)}{where}"
                    raise UserError(message, *places, hint="give one of them another name")
            current = current.parent
        stage.taken |= dict.fromkeys(pyenv.name.variables, pyenv.name)

    def _with_named_stages(self, pyenv: Pyenv, stage: OpenStage) -> Pyenv:
        """Check that the stages of `--builder`, `--from` and `--uv` come before this one; replace numbers by names."""
        options = pyenv.options
        if pyenv.onbuild and (span := options.span("builder")) is not None:
            raise UserError(
                f"--builder={options.builder} cannot be used after ONBUILD: no such stage is built where it fires",
                Location(self._document.file, span),
                hint="leave --builder out, and have the compilers in the images that the trigger fires in",
            )
        for option, field in _STAGE_OPTIONS.items():
            reference: str | None = getattr(options, field)
            span = options.span(option)
            if reference is None or span is None:
                continue
            place = Location(self._document.file, span)
            named = self._stage(reference)
            if named is stage:
                raise UserError(f"--{option}={reference} is the stage that this PYENV is in", place)
            if named is not None and named.index > stage.index:
                message = f"the stage {reference} comes after the one that needs it"
                raise UserError(message, place, hint=f"move the stage {reference} up")
            if named is None and (option == "builder" or reference.isdecimal()):
                raise self._no_stage(option, reference, place, stage)
            if named is not None and named.name != reference.lower():
                if named.name is None or self._stage(named.name) is not named:
                    raise UserError(
                        f"--{option}={reference} counts stages, and a mount takes a name only",
                        place,
                        hint="give the stage a name of its own, as in FROM ... AS name, and use it here",
                    )
                names: dict[str, Any] = {field: named.name}
                pyenv = replace(pyenv, options=replace(pyenv.options, **names))
        return pyenv

    def _stage(self, reference: str) -> OpenStage | None:
        """Return the last stage with a name or number."""
        return next((stage for stage in reversed(self._stages) if stage.answers_to(reference)), None)

    def _no_stage(self, option: str, reference: str, place: Location, stage: OpenStage) -> UserError:
        names = [earlier.name for earlier in self._stages[: stage.index] if earlier.name]
        expected = f"one of {', '.join(names)}" if names else "a stage before this one: FROM ... AS builder"
        message = f"--{option}: there is no stage {reference}"
        return UserError(message, place, expected=expected, hint=did_you_mean(reference, names))


class _Watched:
    """The variables of a stage, and the names of those that an instruction asks for."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.names: set[str] = set()

    def get(self, name: str) -> str | None:
        self.names.add(name)
        return self._scope.get(name)

    def expand(self, word: Logical) -> Expanded:
        expanded = self._scope.expand(word)
        self.names |= expanded.used | expanded.unset
        return expanded

    def unset_behind(self, names: Iterable[str]) -> frozenset[str]:
        return self._scope.unset_behind(names)

    def hint_for_unset(self, name: str) -> str:
        return self._scope.hint_for_unset(name)


def _inherited(parent: OpenStage, ended: Scope) -> Scope:
    """Return the scope that a stage begins with: the final scope of its parent, changed by the parent's triggers."""
    scope = ended.inherit()
    for instruction in parent.instructions:
        if instruction.trigger is not None:
            scope.run(instruction.trigger)
    return scope


def _settings(stage: OpenStage, builder: OpenStage, until: Instruction) -> Iterator[Instruction]:
    """Yield ARG and ENV up to an instruction, of its stage and those ancestors that the builder's does not share."""
    known = {ancestor.index for ancestor in builder.chain}
    for ancestor in reversed([*stage.chain]):
        if ancestor.index not in known:
            for instruction in ancestor.instructions:
                if instruction is until:
                    return
                if instruction.name in _SETTINGS:
                    yield instruction


def _closed(stage: OpenStage) -> Stage:
    return Stage(
        index=stage.index,
        name=stage.name,
        base=stage.base,
        parent=None if stage.parent is None else stage.parent.index,
        root=stage.root.base,
        platform=stage.platform,
        root_platform=stage.root.platform,
        instruction=stage.instruction,
        instructions=tuple(stage.instructions),
        environments=tuple(stage.environments),
        state=stage.scope.snapshot(),
    )
