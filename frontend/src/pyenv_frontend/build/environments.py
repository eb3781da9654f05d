"""A build with PYENV: prepare, delegate, hang the environments side by side, relabel, merge the platforms."""

from __future__ import annotations

__all__ = ["build"]

import json
from typing import TYPE_CHECKING

from pyenv_frontend.build import calls
from pyenv_frontend.build.handover import Handover
from pyenv_frontend.build.lint import Lint
from pyenv_frontend.build.messages import located, relabelled
from pyenv_frontend.build.parallel import rehang
from pyenv_frontend.build.prepare import prepare
from pyenv_frontend.build.relabel import Labels
from pyenv_frontend.document import parse
from pyenv_frontend.errors import UserError
from pyenv_frontend.gateway import wire_pb2 as wire
from pyenv_frontend.gateway.status import CallError
from pyenv_frontend.language import has_pyenv

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyenv_frontend.build.options import Options
    from pyenv_frontend.build.prepare import Prepared
    from pyenv_frontend.build.source import UserFile
    from pyenv_frontend.document import Document
    from pyenv_frontend.gateway.bridge import Bridge, Reply

_MERGE = frozenset({"mergeop", "diffop"})
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
        return _build(Handover(bridge, options, file, inputs), document) if has_pyenv(document) else None
    except UserError as error:
        raise CallError("PYENV", located(error, file)) from error


def _build(handover: Handover, document: Document) -> wire.Result:
    bridge, options = handover.bridge, handover.options
    if options.request is not None:
        return calls.answer(handover, document, options.request)
    asked = bridge.ping()
    lint = Lint(handover, document)
    prepared = prepare(handover, document)
    quiet = lint.supported()
    running = [
        bridge.solve_frontend(*_call(options, each, several=len(prepared) > 1, quiet=quiet)) for each in prepared
    ]
    lint.report(prepared[0].program, prepared[0].closures)
    merge = {cap.id for cap in asked.get().llb_caps if cap.enabled} >= _MERGE
    results = [_result(bridge, options, reply, each, merge) for reply, each in zip(running, prepared, strict=True)]
    return results[0] if len(results) == 1 else _joined(results)


def _call(
    options: Options, prepared: Prepared, *, several: bool, quiet: bool
) -> tuple[str, Mapping[str, str], Mapping[str, wire.Definition]]:
    """Give what the delegate is asked: where platforms differ in their files, each is a build of its own."""
    chosen = options.for_platform(prepared.options, prepared.platform) if several else prepared.options
    return options.delegate.frontend, options.quiet(chosen) if quiet else chosen, prepared.inputs


def _result(
    bridge: Bridge, options: Options, reply: Reply[wire.Result], prepared: Prepared, merge: bool
) -> wire.Result:
    """Take the delegate's result, and put graphs that are side by side and relabelled in the place of its own."""
    labels = Labels(prepared)
    try:
        result = reply.get()
    except CallError as error:
        raise CallError(error.method, relabelled(error.status, labels)) from error
    imports = [wire.CacheImport(type=kind, attrs=attrs) for kind, attrs in options.cache_imports]
    solved = []
    for ref in _refs(result):
        definition = rehang(ref.definition, prepared.expansion.steps, source=labels.expanded, merge=merge)
        labels.apply(definition)
        solved.append((ref, bridge.solve(definition, imports)))
    for ref, answer in solved:
        ref.id = answer.get().ref.id
    return result


def _refs(result: wire.Result) -> Iterator[wire.Ref]:
    """Give the file systems of a result, those of attestations included; empty ones have no graph."""
    refs: Iterable[wire.Ref] = [result.ref] if result.HasField("ref") else result.refs.refs.values()
    attested = (a.ref for group in result.attestations.values() for a in group.attestations if a.HasField("ref"))
    yield from (ref for ref in (*refs, *attested) if ref.definition.ops)


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
