"""The client's options, parsed once. Only this module knows the keys of BuildKit's frontend options.

BuildKit passes options as environment variables, `BUILDKIT_FRONTEND_OPT_<n>=key=value`. Options that are not used here
are passed on to Docker's own frontend unchanged.

Source of truth: BuildKit `frontend/dockerui/config.go`, `context.go` and `frontend/gateway/gateway.go`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyenv_frontend.solve.image_names import familiar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["BuildOptions", "Delegate", "OptionsError", "parse"]

_ENVIRONMENT = "BUILDKIT_FRONTEND_OPT_"
_BUILD_ARG = "build-arg:"
_DOCKERFILE = "dockerfile"

_CHECK_ARG = "build-arg:BUILDKIT_DOCKERFILE_CHECK"
_DEBUG_ARG = "build-arg:PYENV_FRONTEND_DEBUG"
_DELEGATE_ARG = "build-arg:PYENV_FRONTEND_DOCKERFILE"
_DEPTH = "pyenv-frontend.depth"


_GATEWAY = "gateway.v0"
_BUILT_IN = "dockerfile.v0"


class OptionsError(Exception):
    """The client's options contradict themselves or cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegate:
    """Docker's own frontend that does the building: the engine's, or an image."""

    frontend: str
    """`dockerfile.v0` or `gateway.v0`."""
    source: str | None = None
    """The image, for `gateway.v0`."""

    def __str__(self) -> str:
        return self.source or f"the engine's built-in {self.frontend}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """One build's options."""

    raw: Mapping[str, str]
    """All options, unchanged."""
    session: str
    """The client's session, which provides local files."""
    delegate: Delegate
    filename: str = "Dockerfile"
    """The Dockerfile's path inside its file system; also its name in all messages."""
    request: str | None = None
    """A call other than a build: `frontend.lint`, `frontend.outline`, ..."""
    target: str | None = None
    """The stage to build, as the user named it."""
    platforms: tuple[str, ...] = ()
    """Target platforms, `linux/amd64`; empty: the engine's own."""
    build_args: Mapping[str, str] = field(default_factory=dict)
    context: str | None = None
    """Address of a remote build context."""
    context_subdir: str | None = None
    dockerfile_local: str = _DOCKERFILE
    """Name of the client's folder that contains the Dockerfile."""
    dockerfile_forced: bool = False
    """Whether that folder is used whatever the context is."""
    local_sessions: Mapping[str, str] = field(default_factory=dict)
    """Sessions of single local folders, by name (clients that share sessions)."""
    named_contexts: Mapping[str, str] = field(default_factory=dict)
    """`--build-context`: what replaces an image or a stage, by name, including a `::platform` suffix."""
    cache_imports: tuple[tuple[str, Mapping[str, str]], ...] = ()
    """`--cache-from`: type and attributes."""
    resolve_mode: str = ""
    """How images are resolved: empty, `pull` or `local`."""
    check: str | None = None
    """`BUILDKIT_DOCKERFILE_CHECK`: settings of Docker's linter that override the file's own."""
    build_platform: str = "linux/amd64"
    """The platform of the engine's machine; the tools in this frontend's image run there."""
    debug: bool = False
    """`PYENV_FRONTEND_DEBUG`: show the expanded Dockerfile and timings."""

    @property
    def frontend_image(self) -> str:
        """This frontend's own image, as the client named it."""
        return self.raw.get("source", "")

    @property
    def has_single_result(self) -> bool:
        """Whether the delegate answers with one file system, and not with one for each platform."""
        several = self.raw.get("multi-platform", "").lower() not in {"", "0", "f", "false"}
        return len(self.platforms) <= 1 and not several

    def is_named_context(self, reference: str) -> bool:
        """Tell whether something replaces an image (`--build-context`, a linked target of bake)."""
        return familiar(reference) in {familiar(name.partition("::")[0]) for name in self.named_contexts}

    def forwarded(self, *, without: tuple[str, ...] = (), **changed: str) -> dict[str, str]:
        """Return the options for Docker's own frontend.

        `cmdline` is always among them: it keeps that frontend from reading the syntax line and starting us again. The
        depth is our own guard against a delegate that is this frontend.
        """
        options = {key: value for key, value in self.raw.items() if key != "source" and key not in without}
        options.setdefault("cmdline", self.raw.get("source", _BUILT_IN))
        options[_DEPTH] = "1"
        if self.delegate.source:
            options["source"] = self.delegate.source
        return options | changed

    def for_expanded(self, contexts: Iterable[str] = ()) -> dict[str, str]:
        """Return the options for building an expanded Dockerfile that is passed as an input.

        An input named `dockerfile` is used only if the client does not insist on its own folder and the context is not
        remote; a remote context is therefore passed as an input too.

        Args:
            contexts: the named contexts that are passed as inputs of the same names.
        """
        dropped = ("dockerfilekey", self.raw.get("contextkey", "context"), "contextsubdir")
        return self.forwarded(without=dropped, **{f"context:{name}": f"input:{name}" for name in contexts})

    def for_base(self, options: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the options for inspecting an image, without those about the user's file.

        Args:
            options: those to start from; None: those of the build.
        """
        about_file = {"target", "requestid", "no-cache"}
        options = self.for_expanded() if options is None else options
        return self.quiet({key: value for key, value in options.items() if key not in about_file})

    @staticmethod
    def for_platform(options: Mapping[str, str], platform: str) -> dict[str, str]:
        """Return `options` for one of the build's platforms, with a result that can be joined with the others'."""
        return {**options, "platform": platform, "multi-platform": "true"}

    def for_request(self, request: str, options: Mapping[str, str], **changed: str) -> dict[str, str]:
        """Return `options` for a call other than a build."""
        caps = {*options.get("frontend.caps", "").split(","), "moby.buildkit.frontend.subrequests"} - {""}
        return {**options, "requestid": request, "frontend.caps": ",".join(sorted(caps)), **changed}

    def quiet(self, options: Mapping[str, str]) -> dict[str, str]:
        """Return `options` with Docker's linter switched off."""
        return {**options, _CHECK_ARG: "skip=all"}


def parse(environment: Mapping[str, str]) -> BuildOptions:
    """Read the options from the environment of the process.

    Raises:
        OptionsError: an option cannot be read, or the build would delegate to this frontend itself.
    """
    raw = dict(value.partition("=")[::2] for name, value in environment.items() if name.startswith(_ENVIRONMENT))
    if _DEPTH in raw:
        raise OptionsError(
            f"this frontend was asked to delegate to itself ({raw.get('source', '')}). "
            "Name one of Docker's own: dockerfile=docker/dockerfile:1"
        )
    build_args = _under(raw, _BUILD_ARG)
    return BuildOptions(
        raw=raw,
        session=environment.get("BUILDKIT_SESSION_ID", ""),
        delegate=_delegate(raw),
        filename=raw.get("filename", "Dockerfile"),
        request=raw.get("requestid"),
        target=raw.get("target") or None,
        platforms=tuple(p.strip() for p in raw.get("platform", "").split(",") if p.strip()),
        build_args=build_args,
        context=raw.get(raw.get("contextkey", "context")),
        context_subdir=raw.get("contextsubdir"),
        dockerfile_local=raw.get("dockerfilekey", _DOCKERFILE),
        dockerfile_forced="dockerfilekey" in raw,
        local_sessions=_under(raw, "local-sessionid:"),
        named_contexts=_under(raw, "context:"),
        cache_imports=_cache_imports(raw),
        resolve_mode=raw.get("image-resolve-mode", ""),
        check=raw.get(_CHECK_ARG),
        build_platform=_build_platform(environment.get("BUILDKIT_WORKERS", "")),
        debug=raw.get(_DEBUG_ARG, "").lower() in {"1", "true", "yes", "on"},
    )


def _under(raw: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {key[len(prefix) :]: value for key, value in raw.items() if key.startswith(prefix)}


def _delegate(raw: Mapping[str, str]) -> Delegate:
    """Find the delegate: the build-arg, `dockerfile=` after the image on the syntax line, or the engine's own."""
    source = raw.get(_DELEGATE_ARG, "")
    for word in raw.get("cmdline", "").split()[1:]:
        key, _, value = word.partition("=")
        if key != _DOCKERFILE or not value:
            raise OptionsError(
                f"the syntax line says {word!r}, which means nothing here. "
                "What may stand behind the image is dockerfile=IMAGE, for example dockerfile=docker/dockerfile:1"
            )
        source = source or value
    if source in {"", _BUILT_IN}:
        return Delegate(frontend=_BUILT_IN)
    return Delegate(frontend=_GATEWAY, source=source)


def _cache_imports(raw: Mapping[str, str]) -> tuple[tuple[str, Mapping[str, str]], ...]:
    """Read `cache-imports` (JSON) and the older `cache-from` (references separated by commas).

    A definition that we solve ourselves uses the imported cache only if the imports are named again.
    """
    imports: list[tuple[str, Mapping[str, str]]] = []
    if text := raw.get("cache-imports"):
        try:
            imports += [(entry["Type"], entry.get("Attrs") or {}) for entry in json.loads(text)]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise OptionsError(f"the option cache-imports cannot be read: {text}") from error
    imports += [("registry", {"ref": ref}) for ref in raw.get("cache-from", "").split(",") if ref]
    return tuple(imports)


def _build_platform(workers: str) -> str:
    """Read the first platform of the first worker from the engine's description of itself (JSON)."""
    try:
        platform = json.loads(workers)[0]["platforms"][0]
        parts = (platform["os"], platform["architecture"], platform.get("variant"))
    except (ValueError, LookupError, TypeError):
        return "linux/amd64"
    return "/".join(part for part in parts if part)
