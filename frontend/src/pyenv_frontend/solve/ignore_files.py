"""The ignore file of a build: `<Dockerfile>.dockerignore`, or else the `.dockerignore` of the client's folder.

Both are asked for when this is made, before it is known whether anything of the build context is read.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit.api import RefId
from pyenv_frontend.buildkit.status import CallError
from pyenv_frontend.solve import client_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenv_frontend.buildkit import wire_pb2 as wire
    from pyenv_frontend.buildkit.api import Bridge, Reply
    from pyenv_frontend.inputs.dockerignore import DockerIgnore
    from pyenv_frontend.solve.build_options import BuildOptions
    from pyenv_frontend.solve.source import UserFile

__all__ = ["IgnoreFiles"]

_FOLDER = "context"
_NAME = ".dockerignore"


class IgnoreFiles:
    """The ignore files of a build whose context is the client's folder; any other context has none.

    Args:
        bridge: the engine.
        options: the client's options.
        file: the Dockerfile.
        inputs: graphs that the client handed over, by name.
    """

    def __init__(
        self, bridge: Bridge, options: BuildOptions, file: UserFile, inputs: Mapping[str, wire.Definition]
    ) -> None:
        self._bridge = bridge
        self._own_name = file.name + _NAME
        self._own: Reply[bytes] | None = None
        self._text: Reply[bytes] | None = None
        if file.context is None and _FOLDER not in inputs:
            self._own = bridge.read_file(file.ref, self._own_name)
            # The op is that of Docker's frontend. Nothing is loaded before the file is read.
            attrs = {"local.differ": "none", "local.followpaths": client_folder.path_list([_NAME])}
            hint, step = f"{_FOLDER}-{_NAME}", f"[internal] load {_NAME}"
            self._folder = bridge.solve(client_folder.load(options, _FOLDER, attrs, hint=hint, step=step))

    @cached_property
    def own(self) -> tuple[str, bytes] | None:
        """Name and text of the Dockerfile's own: Docker's frontend looks for that beside the Dockerfile."""
        if self._own is None:
            return None
        try:
            return self._own_name, self._own.get()
        except CallError:
            self._text = self._bridge.read_file(RefId(self._folder.get().ref.id), _NAME)
            return None

    @cached_property
    def rules(self) -> DockerIgnore:
        """The rules in force."""
        from pyenv_frontend.inputs.dockerignore import DockerIgnore, parse_dockerignore  # noqa: PLC0415 - see serve

        if self.own is not None:
            return parse_dockerignore(self.own[1], self.own[0])
        if self._text is None:
            return DockerIgnore()
        try:
            return parse_dockerignore(self._text.get())
        except CallError:
            return DockerIgnore()
