"""From the user's file to one without PYENV, for each platform: read it, look at the bases, follow the requirements."""

from __future__ import annotations

__all__ = ["Prepared", "prepare"]

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import llb
from pyenv_frontend.buildkit.api import RefId
from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.dockerfile import parse
from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion import astro_runtime
from pyenv_frontend.expansion.base_image import accounts
from pyenv_frontend.expansion.expand import Tools, expand
from pyenv_frontend.expansion.location import HomeUnknownError
from pyenv_frontend.inputs.resolve import RequirementInputs, named, resolve_inputs
from pyenv_frontend.positions import Lines, Location
from pyenv_frontend.solve import build_options as opts
from pyenv_frontend.solve.base_images import bases
from pyenv_frontend.solve.error_details import at_lines
from pyenv_frontend.solve.finalize import can_merge, finish
from pyenv_frontend.solve.relabel import Labels
from pyenv_frontend.solve.step_names import base_name
from pyenv_frontend.stages.analyze import read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.buildkit.api import Reply
    from pyenv_frontend.dockerfile import Document
    from pyenv_frontend.expansion.base_image import Base
    from pyenv_frontend.expansion.expand import BaseKey, Expansion
    from pyenv_frontend.solve.session import Handover
    from pyenv_frontend.solve.source import UserFile
    from pyenv_frontend.stages.analyze import Settings
    from pyenv_frontend.stages.program import Program, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A file with PYENV, and the same file without, for one platform."""

    platform: str
    """As the engine names it, `linux/amd64`; empty where the file is the same for all of the build."""
    file: UserFile
    program: Program
    closures: Sequence[RequirementInputs]
    """For each PYENV of the file the files that it refers to."""
    expansion: Expansion
    options: Mapping[str, str]
    """What the delegate gets."""
    inputs: Mapping[str, wire.Definition]
    """The graphs that the delegate gets."""

    @property
    def labels(self) -> Labels:
        """What the lines of the expanded file stand for."""
        document, expansion = self.program.document, self.expansion
        return Labels(self.file, document, expansion.source, expansion.lines, platform=self.platform)


def prepare(handover: Handover) -> tuple[Prepared, ...]:
    """Expand a file.

    Args:
        handover: the build's surroundings, with a file that has a PYENV.

    Returns:
        One entry if the expansion is the same for every platform; else one for each.

    Raises:
        UserError: a PYENV is wrong.
        CallError: the engine cannot get at a base image or a file.
    """
    return _Preparation(handover).run()


class _Preparation:
    def __init__(self, handover: Handover) -> None:
        self.handover = handover
        self.bridge = handover.bridge
        self.options = handover.options
        self.file = handover.file
        self.document = handover.document
        self.first = read(self.document, self._settings(), base_variables=handover.image_variables, report=_later)
        """What can be said before the bases are known."""

    def run(self) -> tuple[Prepared, ...]:
        pyenvs = [each.pyenv for each in self.first.environments if not each.pyenv.onbuild]
        self.handover.load({path for pyenv in pyenvs for path in named(pyenv)})
        facts = bases(self.bridge, self._look_at, self.first) or {"": {}}
        found = [self._for_platform(platform, facts[platform]) for platform in facts]
        same = len({each.expansion.source for each in found}) == 1
        return (found[0],) if same else tuple(found)

    def _settings(self, platform: str = "") -> Settings:
        """What no stage of this build needs is not looked at, nor its base image."""
        return self.handover.settings(platform)._replace(reachable_only=True)

    def _look_at(self, dockerfile: bytes) -> Reply[wire.Result]:
        reply = self.handover.ask(self.options.for_base(), dockerfile, "look at the base image")
        return _NamedBase(self, reply, dockerfile)

    def stage_of(self, dockerfile: bytes) -> Stage | None:
        """Find the user's FROM for one that was asked for on its own."""
        wanted = dockerfile.split()[-1].decode()
        return next((each for each in self.first.stages if each.parent is None and each.base == wanted), None)

    def _for_platform(self, platform: str, facts: Mapping[BaseKey, Base]) -> Prepared:
        def variables(reference: str, wanted: str | None) -> Mapping[str, str]:
            base = facts.get((reference, wanted))
            return base.env if base is not None else {}

        def prepared(document: Document, bases: Mapping[BaseKey, Base]) -> Prepared:
            builders = self.handover.image_variables
            program = read(document, settings, base_variables=variables, builder_variables=builders)
            return self._expand(document, platform, bases, program)

        settings = self._settings(platform)
        known = dict(facts)
        while True:
            try:
                return prepared(self.document, known)
            except HomeUnknownError as error:
                start = error.environment.pyenv.instruction.span.start
                before = prepared(parse(self.file.text[:start], self.file.name), known)
                self._learn_user(known, before, error)

    def _expand(self, document: Document, platform: str, facts: Mapping[BaseKey, Base], program: Program) -> Prepared:
        context = self.handover.context
        closures = [resolve_inputs(each.pyenv, context) for each in program.environments]
        target = self.handover.settings(platform).target_platform
        runs_on = {each.root_platform or target for each in program.stages if each.environments}
        native = runs_on <= {None, self.options.build_platform}
        tools = Tools(here=opts.TOOLS if native else self.options.frontend_image, triggers=self.options.frontend_image)
        present = {name for name in astro_runtime.FILES if context.exists(name)} if _have_triggers(facts) else set()
        expansion = expand(program, facts, [each.step_inputs for each in closures], tools, present=present)
        return Prepared(
            platform=platform,
            file=self.file,
            program=program if document is self.document else replace(program, document=self.document),
            closures=closures,
            expansion=expansion,
            options=self.options.for_expanded(),
            inputs=self.handover.inputs(expansion.source, "expand PYENV"),
        )

    def _learn_user(self, facts: dict[BaseKey, Base], before: Prepared, unknown: HomeUnknownError) -> None:
        """Look a user up that the stage itself makes: in what it has made right before the PYENV.

        What is built for that is built for the real build as well; the engine does it once.
        """
        reply = self.handover.ask(self.options.for_base(), before.expansion.source, "expand PYENV")
        result = finish(self.bridge, reply, before, merge=can_merge(self.bridge.ping().get()))
        ref = result.ref if result.HasField("ref") else result.refs.refs[before.platform]
        made = accounts(self.bridge.read_file(RefId(ref.id), "etc/passwd").get())
        if unknown.user not in made:
            raise self._no_user(unknown)
        stage = before.program.stages[-1]
        key = (stage.root, stage.root_platform)
        facts[key] = replace(facts[key], accounts={**made, **facts[key].accounts})

    def _no_user(self, unknown: HomeUnknownError) -> UserError:
        return UserError(
            f"the user {unknown.user} that this stage runs as does not exist here",
            Location(self.document.file, unknown.environment.pyenv.name.span),
            hint=f"make it before the PYENV (RUN useradd -m {unknown.user}), or correct the USER above",
        )


def _have_triggers(facts: Mapping[BaseKey, Base]) -> bool:
    return any(base.triggers for base in facts.values())


class _NamedBase:
    """The answer about a base image. The engine goes by the first name it hears for a step: let it be the right one."""

    def __init__(self, preparation: _Preparation, reply: Reply[wire.Result], dockerfile: bytes) -> None:
        self._bridge = preparation.bridge
        self._file = preparation.file
        self._program = preparation.first
        self._reply = reply
        self._dockerfile = dockerfile
        self._stage = preparation.stage_of(dockerfile)

    def get(self) -> wire.Result:
        """See `Reply`; the file systems are loaded under their steps' names, errors point at the user's FROM."""
        try:
            result = self._reply.get()
        except CallError as error:
            lines = self._stage.instruction.lines if self._stage else Lines(1, 1)
            raise CallError(error.method, at_lines(error.status, self._dockerfile, self._file, lines)) from error
        refs = [result.ref] if result.HasField("ref") else list(result.refs.refs.values())
        solved = []
        for ref in (each for each in refs if each.definition.ops):
            for metadata in ref.definition.metadata.values():
                if llb.NAME in metadata.description:
                    metadata.description[llb.NAME] = base_name(
                        metadata.description[llb.NAME], self._program, self._stage
                    )
            solved.append((ref, self._bridge.solve(ref.definition)))
        for ref, answer in solved:
            ref.id = answer.get().ref.id
        return result


def _later(error: UserError) -> None:
    """Pass an error over: the file is read again when the bases are known, which may be what was missing."""
    del error
