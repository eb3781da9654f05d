"""A build with PYENV: prepare, delegate, hang the environments side by side, relabel, merge the platforms."""

from __future__ import annotations

__all__ = ["build"]

import json
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.dockerfile import parse
from pyenv_frontend.errors import UserError
from pyenv_frontend.solve import subrequests
from pyenv_frontend.solve.debug import Clock, show
from pyenv_frontend.solve.docker_lint import Lint
from pyenv_frontend.solve.error_details import located, of_pyenv
from pyenv_frontend.solve.finalize import can_merge, finish, run
from pyenv_frontend.solve.prepare import prepare
from pyenv_frontend.solve.session import Handover
from pyenv_frontend.stages.analyze import has_pyenv

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyenv_frontend.buildkit.api import Bridge
    from pyenv_frontend.solve.build_options import Options
    from pyenv_frontend.solve.prepare import Prepared
    from pyenv_frontend.solve.source import UserFile

_PLATFORMS = "refs.platforms"


def build(
    bridge: Bridge, options: Options, file: UserFile, inputs: Mapping[str, wire.Definition]
) -> wire.Result | None:
    """Build a file that may have a PYENV.

    Returns:
        The result; None if there is no PYENV in the file after all.

    Raises:
        CallError: the build fails; places are the user's own.
    """
    try:
        document = parse(file.text, file.name)
        return _build(Handover(bridge, options, file, document, inputs)) if has_pyenv(document) else None
    except UserError as error:
        raise CallError("PYENV", located(error, file)) from error
    except CallError as error:
        raise CallError(error.method, of_pyenv(error.status, file, document) or error.status) from error


def _build(handover: Handover) -> wire.Result:
    bridge, options = handover.bridge, handover.options
    if options.request is not None:
        return subrequests.answer(handover, options.request)
    clock = Clock()
    asked = bridge.ping()
    lint = Lint(handover)
    prepared = prepare(handover)
    clock.lap("prepare")
    quiet = lint.supported()
    running = [
        bridge.solve_frontend(*_call(options, each, several=len(prepared) > 1, quiet=quiet)) for each in prepared
    ]
    lint.report(prepared[0].program, prepared[0].closures)
    clock.lap("lint")
    merge = can_merge(asked.get())
    results = [finish(bridge, reply, each, merge=merge) for reply, each in zip(running, prepared, strict=True)]
    clock.lap("delegate and relabel")
    if options.debug:
        show(handover, prepared, clock)
    run(handover, results)
    return results[0] if len(results) == 1 else _joined(results)


def _call(
    options: Options, prepared: Prepared, *, several: bool, quiet: bool
) -> tuple[str, Mapping[str, str], Mapping[str, wire.Definition]]:
    """Give what the delegate is asked: where platforms differ in their files, each is a build of its own."""
    chosen = options.for_platform(prepared.options, prepared.platform) if several else prepared.options
    return options.delegate.frontend, options.quiet(chosen) if quiet else chosen, prepared.inputs


def _joined(results: Sequence[wire.Result]) -> wire.Result:
    """Make one result of several that are for one platform each."""
    joined = wire.Result()
    platforms = []
    for result in results:
        for name, ref in result.refs.refs.items():
            joined.refs.refs[name].CopyFrom(ref)
        for name, attestations in result.attestations.items():
            joined.attestations[name].CopyFrom(attestations)
        for key, value in result.metadata.items():
            joined.metadata[key] = value
        platforms += json.loads(result.metadata[_PLATFORMS])["Platforms"]
    joined.metadata[_PLATFORMS] = json.dumps({"Platforms": platforms}).encode()
    return joined
