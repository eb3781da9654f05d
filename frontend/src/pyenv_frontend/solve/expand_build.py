"""Expand the user's file for each platform: read it, inspect the base images, resolve the requirements."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import results
from pyenv_frontend.buildkit.api import RefId
from pyenv_frontend.dockerfile import parse
from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion import astro_runtime
from pyenv_frontend.expansion.expand import expand
from pyenv_frontend.expansion.image_limits import ImageFileError
from pyenv_frontend.expansion.inspection import accounts
from pyenv_frontend.expansion.location import HomeUnknownError
from pyenv_frontend.inputs.resolve import named
from pyenv_frontend.lock.choice import lock_name, plan_program
from pyenv_frontend.positions import Location
from pyenv_frontend.solve.expanded_build import ExpandedBuild
from pyenv_frontend.solve.finalize import can_merge, finalize
from pyenv_frontend.solve.image_files import ImageFiles
from pyenv_frontend.solve.mounted_images import MountedImages
from pyenv_frontend.stages.analyze import read
from pyenv_frontend.together import finish, together

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenv_frontend.dockerfile import Document
    from pyenv_frontend.expansion.base_image import Base
    from pyenv_frontend.expansion.expand import BaseKey
    from pyenv_frontend.expansion.libc import Libc
    from pyenv_frontend.solve.base_images import BaseImages, Facts
    from pyenv_frontend.solve.session import BuildSession
    from pyenv_frontend.stages.program import Program, Stage
    from pyenv_frontend.together import Task

__all__ = ["expand_build"]


def expand_build(session: BuildSession, images: BaseImages) -> tuple[ExpandedBuild, ...]:
    """Expand the file of a build.

    Args:
        session: the build.
        images: the images that its stages begin with, asked for already.

    Returns:
        One entry if the expansion is the same for every platform, or else one for each.

    Raises:
        UserError: a PYENV is wrong.
        CallError: the engine cannot read a base image or a file.
    """
    return _BuildExpander(session, images).run()


class _BuildExpander:
    def __init__(self, session: BuildSession, images: BaseImages) -> None:
        self.session = session
        self.images = images
        self.bridge = session.bridge
        self.options = session.options
        self.file = session.file
        self.document = session.document

    def run(self) -> tuple[ExpandedBuild, ...]:
        # The variables of the images may add files to those that are known already.
        files = self.session.context.load(_context_paths(self.session.outline))
        _, (first, facts) = together(files, self._look_at_images())
        finish(self.session.context.load(_context_paths(first)))
        builds = [self._for_platform(platform, facts[platform]) for platform in facts]
        if len({build.expansion.source for build in builds}) > 1:
            return tuple(builds)
        inputs = {name: graph for build in builds for name, graph in build.inputs.items()}
        options = {name: value for build in builds for name, value in build.options.items()}
        identities = {digest: identity for build in builds for digest, identity in build.identities.items()}
        return (replace(builds[0], inputs=inputs, options=options, identities=identities),)

    def _look_at_images(self) -> Task[tuple[Program, dict[str, Facts]]]:
        settings = self.session.settings(reachable_only=True)
        # Errors are reported later, when all variables are known, including those of `--builder`.
        first = read(self.document, settings, base_variables=self.images.variables, report=lambda _error: None)
        facts = yield from self.images.facts(first)
        return first, facts

    def _for_platform(self, platform: str, facts: Mapping[BaseKey, Base]) -> ExpandedBuild:
        known = dict(facts)
        while True:
            try:
                return self._expand(self.document, platform, known)
            except HomeUnknownError as error:
                start = error.environment.pyenv.instruction.span.start
                before = self._expand(parse(self.file.text[:start], self.file.name), platform, known)
                self._learn_user(known, before, error)

    def _expand(self, document: Document, platform: str, facts: Mapping[BaseKey, Base]) -> ExpandedBuild:
        def variables(reference: str, of_platform: str | None) -> Mapping[str, str]:
            base = facts.get((reference, of_platform))
            return base.env if base is not None else {}

        settings = self.session.settings(platform, reachable_only=True)
        builders = self.session.image_variables
        context = self.session.context
        program, plans = plan_program(
            read(document, settings, base_variables=variables, builder_variables=builders),
            context,
            platform=self.session.target(platform),
            libc_of=lambda stage: _libc(facts, stage),
        )
        closures = [plan.requirements for plan in plans]
        wanted_by_triggers = astro_runtime.FILES if any(base.triggers for base in facts.values()) else ()
        finish(context.look(wanted_by_triggers))
        present = {name for name in wanted_by_triggers if context.exists(name)}
        images = MountedImages(self.session, program, platform)
        needs = [closure.step_inputs for closure in closures]
        locks = [plan.lock or plan.named_lock for plan in plans]
        expansion = expand(program, facts, needs, images, locks=locks, present=present)
        inputs = self.session.inputs(expansion.source, "expand PYENV")
        contexts = images.contexts()
        return ExpandedBuild(
            platform=platform,
            file=self.file,
            program=program if document is self.document else replace(program, document=self.document),
            closures=closures,
            expansion=expansion,
            options=self.options.for_expanded(contexts),
            inputs=inputs | contexts,
            identities=images.identities,
        )

    def _learn_user(self, facts: dict[BaseKey, Base], before: ExpandedBuild, unknown: HomeUnknownError) -> None:
        """Look up a user that the stage itself creates: in the stage's file system right before the PYENV.

        The steps up to there are needed for the real build as well; the engine runs them once.
        """
        stage = before.program.stages[-1]
        result = self.bridge.solve_frontend(
            self.options.delegate.frontend, self.options.for_base(before.options), before.inputs
        )
        finalized, _ = finalize(self.bridge, result, before, merge=can_merge(self.bridge.ping().get()))
        ref = results.file_systems(finalized)[before.platform]
        self.bridge.evaluate(RefId(ref.id)).get()  # a step that fails is an error of its own line
        files = ImageFiles(self.bridge, RefId(ref.id), f"the stage that {stage.root} begins")
        try:
            in_stage = accounts(files.read("etc/passwd") or b"")
        except ImageFileError as error:
            place = Location(self.document.file, unknown.environment.pyenv.version.span)
            hint = f"give the stage's USER a number, or leave {unknown.user} in a passwd that can be read"
            raise UserError(str(error), place, hint=hint) from error
        if unknown.user not in in_stage:
            raise self._no_user(unknown)
        key = (stage.root, stage.root_platform)
        facts[key] = replace(facts[key], accounts={**in_stage, **facts[key].accounts})

    def _no_user(self, unknown: HomeUnknownError) -> UserError:
        return UserError(
            f"the user {unknown.user} that this stage runs as does not exist here",
            Location(self.document.file, unknown.environment.pyenv.name.span),
            hint=f"make it before the PYENV (RUN useradd -m {unknown.user}), or correct the USER above",
        )


def _context_paths(program: Program) -> set[str]:
    """Return the files of the build context that PYENVs name, and the locks that they may have."""
    pyenvs = [environment.pyenv for environment in program.environments if not environment.pyenv.onbuild]
    locks = {lock_name(pyenv.name.text) for pyenv in pyenvs if not pyenv.bare}
    return {path for pyenv in pyenvs for path in named(pyenv)} | locks


def _libc(facts: Mapping[BaseKey, Base], stage: Stage) -> Libc | None:
    base = facts.get((stage.root, stage.root_platform))
    return base.libc if base is not None else None
