"""The facts of base images, read through the engine.

The engine looks an image up (see `image_lookup`). What only the delegate can tell, it is asked with `FROM <reference>`
alone and all options of this build: named contexts, linked targets and several platforms mean for us what they mean for
it. The answer is the image's file system, to read from, and its configuration. All images are requested together.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import llb, results
from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.api import RefId
from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion import astro_runtime
from pyenv_frontend.expansion.base_image import Base
from pyenv_frontend.expansion.image_limits import ImageFileError
from pyenv_frontend.expansion.inspection import inspection
from pyenv_frontend.positions import Location
from pyenv_frontend.solve.error_details import at_lines
from pyenv_frontend.solve.image_files import ImageFiles
from pyenv_frontend.solve.image_lookup import PlatformImage
from pyenv_frontend.solve.step_names import base_name
from pyenv_frontend.together import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyenv_frontend.buildkit.api import ImageFacts, Reply
    from pyenv_frontend.expansion.expand import BaseKey
    from pyenv_frontend.solve.session import BuildSession
    from pyenv_frontend.stages.program import Program, Stage
    from pyenv_frontend.together import Task

    type Facts = dict[BaseKey, Base]

__all__ = ["BaseImages"]


class _Single:
    """The lookup of an image for a build that has a single result.

    Args:
        reply: the engine's answer.
        ask: asks the delegate, which fires triggers (ONBUILD): these may set variables and the user.
    """

    def __init__(self, reply: Reply[PlatformImage], ask: Callable[[], _Delegated]) -> None:
        self._reply = reply
        self._ask = ask

    def get(self) -> dict[str, PlatformImage]:
        """Wait for the image; see `api.Reply`."""
        image = self._reply.get()
        return self._ask().get() if image.config.get("OnBuild") else {"": image}


class _Delegated:
    """The lookup of an image on each platform of the build.

    Args:
        reply: the delegate's answer to a Dockerfile that begins with the image.
    """

    def __init__(self, reply: Reply[wire.Result]) -> None:
        self._reply = reply

    def get(self) -> dict[str, PlatformImage]:
        """Wait for the images by platform; see `api.Reply`."""
        result = self._reply.get()
        return {
            platform: PlatformImage(results.image_configuration(result, platform), ref.definition)
            for platform, ref in results.file_systems(result).items()
        }


class BaseImages:
    """The images that stages with a PYENV begin with; the constructor requests them.

    Args:
        session: the build.
        program: the file, as far as it can be read before the images are known.
    """

    def __init__(self, session: BuildSession, program: Program) -> None:
        self._session = session
        self._program = program
        self._stages: dict[BaseKey, Stage] = {}
        """The first stage of the file that begins with an image."""
        skipped = set(map(id, program.left_out))
        for stage in program.stages:
            if any(instruction.is_pyenv and id(instruction) not in skipped for instruction in stage.instructions):
                first = stage
                while first.parent is not None:
                    first = program.stages[first.parent]
                self._stages.setdefault((first.base, first.platform), first)
        self._texts = {key: _from(key) for key in self._stages if key[0] != "scratch"}
        self._replies = {key: self._start(key, text) for key, text in self._texts.items()}
        self._images: dict[BaseKey, dict[str, PlatformImage]] = {}
        self._solves: dict[tuple[BaseKey, str], Reply[wire.Result] | None] = {}

    def variables(self, reference: str, platform: str | None) -> Mapping[str, str]:
        """Return the ENV of an image, of the first platform that is built for.

        Raises:
            CallError: the image is not available.
        """
        if (reference, platform) not in self._replies:
            return {}
        return next(iter(self._load((reference, platform)).values())).env

    def begin_to_load(self) -> None:
        """Let the engine load the images: that takes the longest, and others can work meanwhile.

        An image that is not available is an error of `facts`.
        """
        with contextlib.suppress(CallError):
            solves = [self._solve(key, platform) for key in self._replies for platform in self._load(key)]
            self._session.bridge.evaluate(*[RefId(solve.get().ref.id) for solve in solves if solve is not None])

    def facts(self, program: Program) -> Task[dict[str, Facts]]:
        """Look at all images.

        Args:
            program: the file, read with the variables of the images.

        Yields:
            Wherever it has to wait.

        Returns:
            For each platform of the build (`linux/amd64`; an empty one where the build has only one) the bases by name
            and `--platform`.

        Raises:
            CallError: an image is not available.
            UserError: a file of an image cannot be read.
        """
        solves = [
            (key, platform, image, self._solve(key, platform))
            for key in self._replies
            for platform, image in self._load(key).items()
        ]
        triggers = {key: self._start_triggers(key[0]) for key in self._replies}
        yield
        systems = [
            (key, platform, image, RefId("" if reply is None else reply.get().ref.id))
            for key, platform, image, reply in solves
        ]
        inspected = yield from side_by_side(
            *(self._inspect(key, image, ref, program, platform) for key, platform, image, ref in systems)
        )
        facts: dict[str, Facts] = {}
        for (key, platform, _, _), base in zip(systems, inspected, strict=True):
            facts.setdefault(platform, {})[key] = replace(base, triggers=_triggers(triggers[key]))
        scratch = {key: Base(reference=key[0]) for key in self._stages.keys() - self._replies.keys()}
        return {platform: {**scratch, **bases} for platform, bases in (facts or {"": {}}).items()}

    def _start(self, key: BaseKey, text: bytes) -> Reply[dict[str, PlatformImage]]:
        session, (reference, platform) = self._session, key
        platform = session.target(platform)
        if session.options.has_single_result and session.can_look_up(reference, platform):
            return _Single(session.look_up(reference, platform), partial(self._ask, text))
        return self._ask(text)

    def _ask(self, text: bytes) -> _Delegated:
        return _Delegated(self._session.ask(self._session.options.for_base(), text, "look at the base image"))

    def _load(self, key: BaseKey) -> dict[str, PlatformImage]:
        if key not in self._images:
            try:
                self._images[key] = self._replies[key].get()
            except CallError as error:
                lines = self._stages[key].instruction.lines
                status = at_lines(error.status, self._texts[key], self._session.file, lines)
                raise CallError(error.method, status) from error
        return self._images[key]

    def _solve(self, key: BaseKey, platform: str) -> Reply[wire.Result] | None:
        """Request a file system, once, under the names that its steps have in the whole build.

        The engine keeps the first name that it gets for a step.
        """
        if (key, platform) in self._solves:
            return self._solves[key, platform]
        definition = _before_triggers(self._load(key)[platform].graph)
        for metadata in definition.metadata.values():
            if llb.NAME in metadata.description:
                name = metadata.description[llb.NAME]
                metadata.description[llb.NAME] = base_name(name, self._program, self._stages[key])
        self._solves[key, platform] = self._session.bridge.solve(definition) if definition.ops else None
        return self._solves[key, platform]

    def _inspect(self, key: BaseKey, image: PlatformImage, ref: RefId, program: Program, platform: str) -> Task[Base]:
        stages = [stage for stage in program.stages if (stage.root, stage.root_platform) == key]
        pyenvs = [environment.pyenv for stage in stages for environment in stage.environments]
        architecture = self._architecture(key, platform)
        try:
            base = yield from inspection(
                key[0],
                ImageFiles(self._session.bridge, ref, f"the base image {key[0]}"),
                user=str(image.config.get("User") or ""),
                env=image.env,
                series={pyenv.version.minor for pyenv in pyenvs if pyenv.version.full},
                # An interpreter of another series only occupies a name in PATH, whether or not it is a program.
                checked={pyenv.version.minor for pyenv in pyenvs},
                architecture=architecture,
            )
        except ImageFileError as error:
            place = [Location(program.document.file, pyenv.version.span) for pyenv in pyenvs[:1]]
            hint = "use another base image, or PYENV in a stage that is based on another one"
            raise UserError(str(error), *place, hint=hint) from error
        return replace(base, architecture=architecture)

    def _architecture(self, key: BaseKey, platform: str) -> str:
        return self._session.target(key[1] or platform).partition("/")[2].partition("/")[0]

    def _start_triggers(self, reference: str) -> Reply[ImageFacts] | None:
        """Request the triggers of an image whose work we take over; the engine runs all others."""
        return self._session.bridge.resolve_image(reference) if astro_runtime.has_triggers(reference) else None


def _triggers(reply: Reply[ImageFacts] | None) -> tuple[str, ...]:
    config = {} if reply is None else json.loads(reply.get().config).get("config") or {}
    return tuple(config.get("OnBuild") or ())


def _from(key: BaseKey) -> bytes:
    reference, platform = key
    flag = f"--platform={platform} " if platform else ""
    return f"FROM {flag}{reference}\n".encode()


def _before_triggers(graph: wire.Definition) -> wire.Definition:
    """Return the graph of the image alone: its ONBUILD triggers are part of `FROM`, and reading a file would run them.

    The graph of a `FROM` of an image begins with the image and ends with naming it; what lies between are triggers.
    """
    ops = graph.ops
    image = wire.Op.FromString(ops[0]) if ops else wire.Op()
    if len(ops) <= 2 or not image.source.identifier.startswith(("docker-image://", "oci-layout://")):
        return graph
    first = _only_input(ops, wire.Op.FromString(ops[-1]))
    cut = wire.Definition(ops=[ops[0], wire.Op(inputs=[wire.Input(digest=first)]).SerializeToString()])
    cut.metadata[first].CopyFrom(graph.metadata[first])
    return cut


def _only_input(ops: Sequence[bytes], last: wire.Op) -> str:
    """Return the digest of the first op, by following the first inputs up from the last one."""
    by_digest = {llb.digest_of(op): wire.Op.FromString(op) for op in ops}
    digest, op = "", last
    while op.inputs:
        digest = op.inputs[0].digest
        op = by_digest[digest]
    return digest
