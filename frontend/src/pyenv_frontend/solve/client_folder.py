"""Graphs that load a part of one of the client's folders."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import llb

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.solve.build_options import BuildOptions

__all__ = ["load", "path_list"]


def load(options: BuildOptions, folder: str, attrs: Mapping[str, str], *, hint: str, step: str) -> wire.Definition:
    """Return the graph that loads what some attributes choose.

    Args:
        options: the client's options, which have its sessions.
        folder: the name of the folder at the client.
        attrs: `local.followpaths`, `local.includepattern` and the like, as BuildKit's local source takes them.
        hint: what loads of the same files share, so that the client sends only what has changed between them.
        step: the name of the step in the build's progress.
    """
    session = options.local_sessions.get(folder, options.session)
    attrs = {**attrs, "local.session": session, "local.sharedkeyhint": hint}
    return llb.definition(llb.source(f"local://{folder}", attrs, step))


def path_list(paths: Sequence[str]) -> str:
    """Write paths or patterns as an attribute, with the bytes that Go's encoder writes."""
    return json.dumps(paths, separators=(",", ":"))
