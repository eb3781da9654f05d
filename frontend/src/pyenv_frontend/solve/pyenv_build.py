"""A build with PYENV: expand, delegate, parallelize, relabel, join the platforms."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import results
from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.dockerfile import parse
from pyenv_frontend.errors import UserError
from pyenv_frontend.solve.base_images import BaseImages
from pyenv_frontend.solve.debug import Clock, show
from pyenv_frontend.solve.error_details import located, too_large
from pyenv_frontend.solve.session import BuildSession
from pyenv_frontend.solve.subrequests.blanked_file import without_comments
from pyenv_frontend.solve.subrequests.lint import Lint
from pyenv_frontend.stages.analyze import has_pyenv

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.buildkit.api import Bridge
    from pyenv_frontend.solve.build_options import BuildOptions
    from pyenv_frontend.solve.expanded_build import ExpandedBuild
    from pyenv_frontend.solve.ignore_files import IgnoreFiles
    from pyenv_frontend.solve.source import UserFile

__all__ = ["build"]

_LARGE = 1 << 20
"""A larger file, in bytes, is sent without its comments: it is several times in one message."""


def build(
    bridge: Bridge,
    options: BuildOptions,
    file: UserFile,
    inputs: Mapping[str, wire.Definition],
    ignore_files: IgnoreFiles,
) -> wire.Result | None:
    """Build a file that may have a PYENV.

    Returns:
        The result; None if there is no PYENV in the file.

    Raises:
        CallError: the build fails; places are the user's own.
    """
    try:
        document = parse(file.text, file.name)
        if not has_pyenv(document):
            return None
        if len(file.text) > _LARGE:
            file = replace(file, text=without_comments(document))
            document = parse(file.text, file.name)
        session = BuildSession(bridge, options, file, document, inputs, ignore_files)
        if options.request is None:
            return _build(session)
        from pyenv_frontend.solve import subrequests  # noqa: PLC0415  # most requests are builds

        return subrequests.answer(session, options.request)
    except UserError as error:
        raise CallError("PYENV", located(error, file)) from error
    except CallError as error:
        if not error.status.is_too_large:
            raise
        raise CallError(error.method, too_large(error.status, document)) from error


def _build(session: BuildSession) -> wire.Result:
    bridge, options = session.bridge, session.options
    clock = Clock()
    engine = bridge.ping()
    images = BaseImages(session, session.outline)
    # The engine answers during the imports.
    from pyenv_frontend.solve.expand_build import expand_build  # noqa: PLC0415
    from pyenv_frontend.solve.finalize import can_merge, finalize  # noqa: PLC0415

    images.begin_to_load()
    lint = Lint(session)
    clock.lap("ask")
    try:
        builds = expand_build(session, images)
    except (CallError, UserError):
        lint.raise_docker_error()
        raise
    clock.lap("expand")
    quiet = lint.supported()
    replies = [
        bridge.solve_frontend(
            options.delegate.frontend,
            _options(session, expanded, several=len(builds) > 1, quiet=quiet),
            expanded.inputs,
        )
        for expanded in builds
    ]
    lint.report(builds[0].program, builds[0].closures)
    clock.lap("lint")
    merge = can_merge(engine.get())
    finalized = [
        finalize(bridge, reply, expanded, merge=merge) for reply, expanded in zip(replies, builds, strict=True)
    ]
    clock.lap("delegate and relabel")
    if options.debug:
        show(session, builds, [steps for _, steps in finalized], clock)
    return results.join_platforms([result for result, _ in finalized])


def _options(session: BuildSession, build: ExpandedBuild, *, several: bool, quiet: bool) -> Mapping[str, str]:
    """Return the delegate's options: platforms whose expanded files differ are separate builds."""
    options = session.options.for_platform(build.options, build.platform) if several else build.options
    return session.options.quiet(options) if quiet else options
