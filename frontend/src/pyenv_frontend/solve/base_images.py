"""Ask the engine for the facts of a base image.

`FROM <reference>` alone is given to the engine's own Dockerfile frontend, with all the options of this build: named
contexts, platforms, linked targets and policies mean for us what they mean for it. The answer is the image's file
system, to read from, and its configuration.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.api import RefId
from pyenv_frontend.buildkit.llb import digest_of
from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.expansion import astro_runtime
from pyenv_frontend.expansion.base_image import PYTHONS, Base, folders, inspect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyenv_frontend.buildkit.api import Bridge, Entry, Reply
    from pyenv_frontend.expansion.expand import BaseKey
    from pyenv_frontend.stages.program import Program

    type Solve = Callable[[bytes], Reply[wire.Result]]
    """The engine's Dockerfile frontend, on a Dockerfile of ours, with the options of this build."""

    type Facts = dict[BaseKey, Base]

__all__ = ["IMAGE_CONFIG", "bases"]

IMAGE_CONFIG = "containerimage.config"
"""Where a result's metadata has the image's configuration; with several platforms, `/` and the platform follow."""
# Read for every base; asked for together, so that they take one round trip.
_FILES = ("etc/os-release", "etc/passwd")


def bases(bridge: Bridge, solve: Solve, program: Program) -> dict[str, Facts]:
    """The facts of every image that a stage with a PYENV begins with.

    Returns:
        For each platform of the build (`linux/amd64`; an empty one where the build has only one) the bases by name and
        `--platform`.

    Raises:
        CallError: an image cannot be had; the engine's own words.
    """
    keys = {(stage.root, stage.root_platform) for stage in program.stages if stage.environments}
    series = frozenset(each.pyenv.version.minor for each in program.environments if each.pyenv.version.full)
    facts: dict[str, Facts] = {}
    answers = {key: solve(_from(key)) for key in sorted(keys, key=str) if key[0] != "scratch"}
    for key, answer in answers.items():
        result = answer.get()
        for platform, ref in _refs(result).items():
            base = _facts(bridge, key[0], ref, _config(result, platform), series)
            facts.setdefault(platform, {})[key] = replace(base, triggers=_triggers(bridge, key[0]))
    for key in keys - answers.keys():
        for of_platform in facts.values() or [facts.setdefault("", {})]:
            of_platform[key] = Base(reference=key[0])
    return facts


def _triggers(bridge: Bridge, reference: str) -> tuple[str, ...]:
    """The triggers of an image whose work we take over; of all others the engine takes care."""
    if not astro_runtime.has_triggers(reference):
        return ()
    config = json.loads(bridge.resolve_image(reference).get().config).get("config") or {}
    return tuple(config.get("OnBuild") or ())


def _from(key: BaseKey) -> bytes:
    reference, platform = key
    flag = f"--platform={platform} " if platform else ""
    return f"FROM {flag}{reference}\n".encode()


def _refs(result: wire.Result) -> Mapping[str, wire.Ref]:
    return result.refs.refs if result.WhichOneof("result") == "refs" else {"": result.ref}


def _config(result: wire.Result, platform: str) -> Mapping[str, object]:
    raw = result.metadata.get(f"{IMAGE_CONFIG}/{platform}") or result.metadata.get(IMAGE_CONFIG) or b"{}"
    config: Mapping[str, object] = json.loads(raw).get("config") or {}
    return config


def _facts(bridge: Bridge, reference: str, ref: wire.Ref, config: Mapping[str, object], series: frozenset[str]) -> Base:
    variables = config.get("Env")
    pairs = (str(entry).partition("=") for entry in variables) if isinstance(variables, list) else ()
    env = {key: value for key, _, value in pairs}
    files = _ImageFiles(bridge, _before_triggers(bridge, ref), folders(env))
    return inspect(reference, files, user=str(config.get("User") or ""), env=env, series=series)


def _before_triggers(bridge: Bridge, ref: wire.Ref) -> RefId:
    """The image alone: its ONBUILD triggers are part of `FROM`, and reading a file would run them.

    The graph of a `FROM` of an image begins with the image and ends with naming it; what lies between are triggers.
    """
    ops = ref.definition.ops
    image = wire.Op.FromString(ops[0]) if ops else wire.Op()
    if len(ops) <= 2 or not image.source.identifier.startswith(("docker-image://", "oci-layout://")):
        return RefId(ref.id)
    last = wire.Op.FromString(ops[-1])
    first = _only_input(ops, last)
    cut = wire.Definition(ops=[ops[0], wire.Op(inputs=[wire.Input(digest=first)]).SerializeToString()])
    cut.metadata[first].CopyFrom(ref.definition.metadata[first])
    return RefId(bridge.solve(cut).get().ref.id)


def _only_input(ops: Sequence[bytes], last: wire.Op) -> str:
    """Digest of the first op, by following the first inputs up from the last one."""
    by_digest = {digest_of(op): wire.Op.FromString(op) for op in ops}
    digest, op = "", last
    while op.inputs:
        digest = op.inputs[0].digest
        op = by_digest[digest]
    return digest


class _ImageFiles:
    """`expansion.base_image.Files` over a file system that the engine holds."""

    def __init__(self, bridge: Bridge, ref: RefId, expected: Sequence[str]) -> None:
        self._bridge = bridge
        self._ref = ref
        self._asked_files = {path: bridge.read_file(ref, path) for path in _FILES} if ref else {}
        self._asked_folders = (
            {ask: bridge.read_dir(ref, *ask) for ask in ((each, PYTHONS) for each in expected)} if ref else {}
        )

    def read(self, path: str) -> bytes | None:
        """The file's content; None when there is none."""
        if not self._ref:
            return None
        asked = self._asked_files.pop(path) if path in self._asked_files else self._bridge.read_file(self._ref, path)
        return _get(asked, None)

    def names(self, folder: str, pattern: str) -> list[str]:
        """The names in a folder that match; none when there is no such folder."""
        if not self._ref:
            return []
        none: Sequence[Entry] = ()
        asked = self._asked_folders.pop((folder, pattern), None) or self._bridge.read_dir(self._ref, folder, pattern)
        return [entry.path.rsplit("/", 1)[-1] for entry in _get(asked, none)]


def _get[T, M](reply: Reply[T], missing: M) -> T | M:
    """The answer, or `missing` where the engine says that there is no such path."""
    try:
        return reply.get()
    except CallError as error:
        if "no such file" in error.status.message or "not found" in error.status.message:
            return missing
        raise
