"""File operations of the engine: what is removed and copied without running a process.

An op's actions follow one another, each on the result of the one before it.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.llb import literal
from pyenv_image.times import FIXED_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["FileSystem", "copied_below", "copied_entries", "inputs", "place", "removed"]


_LINKS = "/links"
"""The folder of what the steps on the stage make that has the links in a path."""


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A file system: one output of an op."""

    digest: str
    number: int


def inputs(*outputs: FileSystem) -> list[wire.Input]:
    """Return outputs of ops as the inputs of another one."""
    return [wire.Input(digest=output.digest, index=output.number) for output in outputs]


def copied_entries(chain: FileSystem, result: FileSystem, paths: Sequence[str]) -> wire.Op:
    """Copy folders and links from one file system onto another.

    Each is copied as the only entry of its parent that matches, and the parent as a folder, not just its contents: if
    it has to be created, it gets the owner and the mode that it has in the step (`~/.venv` is the user's).
    """
    actions = [wire.FileAction(secondary_input=1, copy=_entry(path)) for path in paths]
    return _in_order(wire.Op(inputs=inputs(chain, result)), actions)


def removed(chain: FileSystem, paths: Iterable[str]) -> wire.Op:
    """Remove paths, as far as they exist."""
    return _in_order(wire.Op(inputs=inputs(chain)), [_removal(path) for path in paths])


def copied_below(chain: FileSystem, result: FileSystem, skeleton: FileSystem, path: str, *, replaces: bool) -> wire.Op:
    """Copy a folder to a path, with fixed times, below folders that are as in a skeleton.

    Args:
        chain: what is copied onto.
        result: the file system that has the folder at that path.
        skeleton: the folders above the path, with owners, modes and times; those that the chain lacks are created.
        path: where the folder goes; links in it are followed.
        replaces: whether what is at that path is removed before.
    """
    folders = wire.FileAction(secondary_input=1, copy=_contents("/"))
    # Once to create the folders, and once for their times, which change as soon as something is put into them.
    copies = [folders, wire.FileAction(secondary_input=2, copy=_folder(path)), folders]
    return _in_order(
        wire.Op(inputs=inputs(chain, skeleton, result)), [*([_removal(path)] if replaces else []), *copies]
    )


def place(path: str, collected: FileSystem | None = None) -> wire.Op:
    """Make a file system that has an empty folder at a path, those above it, and nothing else, with fixed times.

    Args:
        path: where the folder is.
        collected: what was collected of the stage: the links in the path, which are followed. By default, none are.
    """
    sources = [collected] if collected else []
    folder = wire.MkDir(path=path, mode=0o755, make_parents=True)
    actions = [
        *([wire.FileAction(secondary_input=0, copy=_contents(_LINKS))] if collected else []),
        wire.FileAction(secondary_input=-1, mkdir=folder),
        # A folder has the time of the one that was made in it, until it is copied.
        wire.FileAction(secondary_input=2 * len(sources), copy=_folder("/")),
    ]
    op = _in_order(wire.Op(inputs=inputs(*sources)), actions, start=-1)
    op.file.actions[-1].input = -1
    return op


def _in_order(op: wire.Op, actions: Iterable[wire.FileAction], start: int = 0) -> wire.Op:
    """Add actions to an op; the first one changes the input `start`, or an empty file system (-1)."""
    op.file.actions.extend(actions)
    last = len(op.file.actions) - 1
    for number, action in enumerate(op.file.actions):
        action.input = len(op.inputs) + number - 1 if number else start
        action.output = 0 if number == last else -1
    return op


def _removal(path: str) -> wire.FileAction:
    return wire.FileAction(secondary_input=-1, rm=wire.Rm(path=path, allow_not_found=True))


def _contents(source: str) -> wire.Copy:
    """Copy what is in a folder to the root, as it is."""
    return wire.Copy(src=source, dest="/", mode=-1, dir_copy_contents=True, timestamp=-1)


def _folder(path: str) -> wire.Copy:
    """Copy a folder, not just what is in it, to the same path of another file system, with fixed times."""
    return wire.Copy(
        src=path, dest=posixpath.dirname(path), mode=-1, create_dest_path=True, timestamp=FIXED_TIME * 10**9
    )


def _entry(path: str) -> wire.Copy:
    folder, name = posixpath.split(path)
    above = posixpath.dirname(folder)
    return wire.Copy(
        src=folder,
        dest=above if above == "/" else f"{above}/",
        mode=-1,
        dir_copy_contents=folder == "/",
        create_dest_path=True,
        allow_wildcard=False,
        timestamp=-1,
        include_patterns=[literal(name)],
    )
