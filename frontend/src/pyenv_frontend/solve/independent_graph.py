"""The build steps of an environment, or a graft, that does not depend on the stage it goes into.

    stage -> collect (or finish) -------+-------------------+
                                        v                   v
    image of the interpreter -> install (or graft) ------> joined onto the stage

An environment with heavy distributions is installed by two steps, each with a part of the lock, and has two layers: the
packages of the first lie below the environment of the second.

`collect` and `finish` run again whenever the stage changes, in tenths of a second. Of their results, what an install
mounts and what a file operation copies from is keyed by its content: if that is the same, the install and its layer are
taken from the cache. Nothing of them waits for the environments before it: they look at the stage as it is above the
PYENVs.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.llb import mount_of
from pyenv_frontend.expansion.steps import CACHE, CONTEXT, FLAGS, INTERPRETER, PACKAGE, TOOLS
from pyenv_frontend.sha2 import sha256
from pyenv_frontend.solve.file_ops import FileSystem
from pyenv_frontend.solve.launcher import write_file
from pyenv_image.step_options import (
    CollectOptions,
    EnvironmentOptions,
    FinishOptions,
    GraftOptions,
    parse,
    to_arguments,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "RESULT",
    "SKELETON",
    "StageSteps",
    "install_of",
    "look",
    "mount_at",
    "move_graft",
    "move_install",
    "on_stage",
    "source_of",
    "surroundings",
    "trust_cache",
    "write_lock",
]

_STAGE = "/run/pyenv-stage"
_SKELETON = "/run/pyenv-skeleton"
_PART = "/run/pyenv-part"
_HEAVY = "/run/pyenv-heavy"
_LOCK = "pylock.toml"
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RESULT = 1
"""The number of an install's output that is its result."""

SKELETON = 2
"""The number of the output, of a step that looks at the stage, with the folders above the result."""

_NONE = 2
"""No network."""

_PROXIES = ("HTTP_PROXY=", "HTTPS_PROXY=", "ALL_PROXY=", "NO_PROXY=")
_SETTINGS = (
    *_PROXIES,
    *(name.lower() for name in _PROXIES),
    "UV_",
    "PIP_",
    "SSL_CERT_",
    "SSL_CLIENT_CERT=",
    "NETRC=",
    "REQUESTS_CA_BUNDLE=",
    "CURL_CA_BUNDLE=",
    "SOURCE_DATE_EPOCH=",
)
"""The variables of a stage that configure where packages come from, and how to reach that."""


@dataclass(frozen=True, slots=True)
class StageSteps:
    """The steps that look at the stage, for one install or graft.

    Attributes:
        pattern: the step of the expanded file.
        interpreter: the graft, whose byte code makes each step start faster than the image would, which has none.
        prefix: where the graft is in that file system.
        python: the interpreter, where a graft mounts it.
    """

    pattern: wire.Op
    interpreter: FileSystem
    prefix: str
    python: str

    def collect(self, stage: FileSystem, paths: Sequence[str]) -> wire.Op:
        """Gather what installs may know of the stage, and the folders above them.

        Args:
            stage: the stage.
            paths: where environments go that belong to the same user, in one folder.
        """
        install = _options_of(self.pattern)
        options = CollectOptions(
            output=_STAGE, skeleton=_SKELETON, paths=tuple(paths), user=install.user, home=install.home
        )
        op = self._step("collect", options, stage)
        op.exec.meta.env.extend(_settings_of(self.pattern))
        return op

    def finish(self, stage: FileSystem, carries: Sequence[str]) -> wire.Op:
        """Check a graft on its stage, and make the folders above it and its link.

        Args:
            stage: the stage.
            carries: where the graft goes, and its link if it has one.
        """
        prefix, *links = carries
        python = f"{prefix}/bin/{self.python.rpartition('/')[2]}"
        options = FinishOptions(prefix=prefix, python=python, skeleton=_SKELETON, link="".join(links))
        return self._step("finish", options, stage)

    def _step(self, name: str, options: object, root: FileSystem) -> wire.Op:
        op = look(self.pattern, root)
        op.exec.mounts.add(input=-1, dest=_STAGE, output=RESULT)
        op.exec.mounts.add(input=-1, dest=_SKELETON, output=SKELETON)
        _mount_by_origin(op, self.interpreter, INTERPRETER, selector=self.prefix)
        op.exec.meta.args[:] = [self.python, FLAGS, PACKAGE, name, *to_arguments(options)]
        return op


def look(pattern: wire.Op, root: FileSystem) -> wire.Op:
    """Return a step with the tools of another one, which looks at a file system and changes nothing there."""
    op = wire.Op()
    op.CopyFrom(pattern)
    del op.inputs[:]
    del op.exec.mounts[:]
    op.inputs.add(digest=root.digest, index=root.number)
    op.exec.mounts.add(input=0, dest="/", output=0)  # dropped; a root that is no output cannot be written to
    mount_at(op, source_of(pattern, TOOLS), TOOLS, selector=mount_of(pattern, TOOLS).selector)
    op.exec.network = _NONE
    meta = op.exec.meta
    meta.env[:] = [_PATH]
    meta.cwd, meta.user = "/", ""
    return op


def source_of(op: wire.Op, dest: str) -> FileSystem:
    """Return what a step mounts at a path."""
    source = op.inputs[mount_of(op, dest).input]
    return FileSystem(source.digest, source.index)


def surroundings(install: wire.Op) -> tuple[str, ...]:
    """Return what decides on what is collected for an install: its folder, its owner and its settings."""
    options = _options_of(install)
    return (posixpath.dirname(options.path), options.user, options.home, *_settings_of(install))


def _options_of(install: wire.Op) -> EnvironmentOptions:
    options: EnvironmentOptions = parse(EnvironmentOptions, install.exec.meta.args[4:])
    return options


def _settings_of(op: wire.Op) -> list[str]:
    """Return the variables of a step that configure where packages come from."""
    return [variable for variable in op.exec.meta.env if variable.startswith(_SETTINGS)]


def move_graft(  # noqa: PLR0913 - what the step had, and what it gets
    op: wire.Op, root: wire.Mount, image: FileSystem, place: FileSystem, prefix: str, *, is_official: bool
) -> None:
    """Move a graft onto the image of its interpreter; its result has the folder that it makes at its place.

    An official image works, so that it need not be checked before installs use it, but only on the stage.
    """
    _move(op, root, image)
    # Written where it is on the stage: no file has to be copied to be a layer of the image.
    mount_at(op, place, prefix, selector=prefix, output=RESULT)
    options: GraftOptions = parse(GraftOptions, op.exec.meta.args[4:])
    op.exec.meta.args[4:] = to_arguments(replace(options, link="", checked_on_stage=is_official))


def move_install(  # noqa: PLR0913, PLR0917 - what the step had, and what it gets
    op: wire.Op,
    root: wire.Mount,
    image: FileSystem,
    graft: FileSystem,
    prefix: str,
    collected: FileSystem,
    place: FileSystem,
) -> None:
    """Move an install onto the image of its interpreter; its result has the folder that it makes at its place."""
    options, settings = _options_of(op), _settings_of(op)
    _move(op, root, image)
    mount_at(op, place, options.path, selector=options.path, output=RESULT)
    op.exec.meta.env.extend(settings)
    # The owner is a part of what was collected.
    op.exec.meta.args[4:] = to_arguments(replace(options, user="0", home="", stage=_STAGE))
    _mount_by_origin(op, graft, prefix, selector=prefix)
    mount_at(op, collected, _STAGE, selector="/install")


def _move(op: wire.Op, root: wire.Mount, image: FileSystem) -> None:
    """Give a step another root, where nothing that it writes is kept."""
    op.inputs[root.input].digest, op.inputs[root.input].index = image.digest, image.number
    root.output = 0  # dropped; a root that is no output cannot be written to
    meta = op.exec.meta
    meta.env[:] = [_PATH]
    meta.cwd, meta.user = "/", ""


def on_stage(op: wire.Op) -> wire.Op:
    """Return a step as it runs on a stage after all, without the cache of the steps that no foreign code reaches."""
    copy = wire.Op()
    copy.CopyFrom(op)
    for mount in [mount for mount in copy.exec.mounts if mount.dest == CACHE]:
        copy.exec.mounts.remove(mount)
    return copy


def write_lock(op: wire.Op, content: bytes) -> wire.Op:
    """Make the op that writes a part of a lock for a step."""
    return write_file(op, _LOCK, content, mode=0o644)


def install_of(op: wire.Op, lock: FileSystem, heavy: FileSystem | None) -> wire.Op:
    """Make the step that installs a part of a lock.

    Args:
        op: the step that installs all of it.
        lock: the part.
        heavy: the result of the heavy part; None for that part, whose result is no environment. Such a step does not
            see the whole lock, on which it does not depend.
    """
    part = wire.Op()
    part.CopyFrom(op)
    args = part.exec.meta.args
    args.append(f"--lock={_PART}/{_LOCK}")
    if heavy is None:
        args[4:] = [
            *(argument for argument in args[4:] if not argument.startswith("--requirements=")),
            "--packages-only",
        ]
        for mount in [mount for mount in part.exec.mounts if f"{mount.dest}/".startswith(f"{CONTEXT}/")]:
            _drop(part, mount)
    elif (options := _options_of(op)).checks_apart:
        args.append(f"--heavy={_HEAVY}")
        mount_at(part, heavy, _HEAVY, selector=options.path)
    mount_at(part, lock, _PART)
    return part


def _drop(op: wire.Op, mount: wire.Mount) -> None:
    """Take a mount away, and its input if no other mount has that."""
    op.exec.mounts.remove(mount)
    if any(other.input == mount.input for other in op.exec.mounts):
        return
    del op.inputs[mount.input]
    for other in op.exec.mounts:
        if other.input > mount.input:
            other.input -= 1


def trust_cache(op: wire.Op, identity: str) -> None:
    """Give the cache of a step that runs no foreign code an id that no Dockerfile can name: it has no slash.

    The interpreter is the only foreign program that writes there, so what its image contains is part of the id. An
    image of which that is not known gets no cache. A namespace (`BUILDKIT_CACHE_MOUNT_NS`) keeps it apart, too.
    """
    for number, mount in enumerate(op.exec.mounts):
        if mount.dest == CACHE:
            if identity:
                namespace = mount.cache.id.rpartition("/")[0]
                digest = sha256(f"{identity} {namespace}".encode()).hexdigest()
                mount.cache.id = f"pyenv-locked-{digest[:32]}"
            else:
                del op.exec.mounts[number]
            return


def _mount_by_origin(op: wire.Op, source: FileSystem, dest: str, selector: str) -> None:
    """Mount a file system that has a single origin: the step is looked up by that, and not by what is in it.

    The engine reads every file of what is only mounted to be read. This one counts as an output, which is dropped.
    """
    mount_at(op, source, dest, selector, output=sum(mount.output >= 0 for mount in op.exec.mounts))


def mount_at(op: wire.Op, source: FileSystem, dest: str, selector: str = "", output: int = -1) -> None:
    """Mount a file system, or a folder of it; it can be written to if it is an output."""
    op.exec.mounts.add(input=len(op.inputs), dest=dest, selector=selector, output=output, readonly=output < 0)
    op.inputs.add(digest=source.digest, index=source.number)
