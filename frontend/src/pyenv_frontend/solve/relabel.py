"""Relabel the graph of an expanded file for the user's file: names of steps, groups, places in the source.

All of that is stored beside the ops and is no part of their digests, so nothing is built again for it. The ops' bytes
do not change. The engine reports a failed step at the places that are set here, and provenance takes the source from
here, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.llb import NAME, digest_of
from pyenv_frontend.positions import Lines
from pyenv_frontend.solve.step_names import Numbering, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyenv_frontend.dockerfile import Document
    from pyenv_frontend.positions import LineMap
    from pyenv_frontend.solve.source import UserFile

__all__ = ["Labels"]

_COMMAND = "com.docker.dockerfile.v1.command"


class Labels:
    """The user's lines, and the names of steps, for the lines of one expanded file."""

    def __init__(
        self, file: UserFile, document: Document, source: bytes, lines: LineMap, *, platform: str = ""
    ) -> None:
        """Compare the two files.

        Args:
            file: the user's file.
            document: the same, parsed.
            source: the expanded file.
            lines: for each of its lines, the user's.
            platform: the platform that it is for, if there are several.
        """
        self.file = file
        self.expanded = source
        self._platform = platform
        self._lines = lines
        self._numbering = Numbering(document, source, lines)

    def line(self, line: int) -> int:
        """Return the user's line for one of the expanded file; the first, if an instruction has several."""
        return self._lines[line].first

    def ranges(self, ranges: Iterable[wire.Range]) -> list[wire.Range]:
        """Return the user's lines for ranges of the expanded file, one range per line, as Docker's frontend does."""
        by_line: dict[int, wire.Range] = {}
        for entry in ranges:
            if self._lines[entry.start.line].first == self._lines[entry.start.line].last:
                by_line.setdefault(self.line(entry.start.line), self._moved(entry))
                continue
            for line in self._lines.cover(Lines(entry.start.line, max(entry.start.line, entry.end.line))).numbers():
                by_line.setdefault(line, wire.Range(start={"line": line}, end={"line": line}))
        return list(by_line.values())

    def _moved(self, entry: wire.Range) -> wire.Range:
        moved = wire.Range()
        moved.CopyFrom(entry)
        moved.start.line = self.line(entry.start.line)
        moved.end.line = self._lines[max(entry.start.line, entry.end.line)].last
        return moved

    def info(self, info: wire.SourceInfo) -> bool:
        """Turn a description of the expanded file into one of the user's; return whether it was one."""
        if info.data != self.expanded:
            return False
        info.filename = self.file.name
        info.data = self.file.text
        info.definition.CopyFrom(self.file.definition)
        return True

    def apply(self, definition: wire.Definition) -> None:
        """Relabel a graph in place."""
        ours = {index for index, info in enumerate(definition.source.infos) if self.info(info)}
        pyenvs: dict[str, str] = {}
        units: dict[str, Unit] = {}
        for digest, locations in definition.source.locations.items():
            lines = [
                entry.ranges[0].start.line
                for entry in locations.locations
                if entry.source_index in ours and entry.ranges
            ]
            unit = next((unit for line in lines if (unit := self._numbering.unit(line)) is not None), None)
            for entry in locations.locations:
                if entry.source_index in ours:
                    ranges = self.ranges(entry.ranges)
                    del entry.ranges[:]
                    entry.ranges.extend(ranges)
            if unit is not None and digest in definition.metadata:
                units[digest] = unit
                pyenvs |= self._name(digest, definition.metadata[digest], unit)
        users = _users(definition)
        self._name_downloads(definition, users, units)
        self._adopt(definition, users, pyenvs)

    def _name_downloads(
        self, definition: wire.Definition, users: Mapping[str, Sequence[str]], units: Mapping[str, Unit]
    ) -> None:
        """Rename the downloads of ADD: they are numbered like the ADD, and have no place in the file."""
        for digest, by in users.items():
            unit = next((units[user] for user in by if user in units), None)
            name = definition.metadata[digest].description.get(NAME, "")
            if name and unit is not None and not unit.is_pyenv and not _located(definition, digest):
                definition.metadata[digest].description[NAME] = self._numbering.rename(name, unit)

    def _name(self, digest: str, metadata: wire.OpMetadata, unit: Unit) -> dict[str, str]:
        """Rename one step; return the group of a step that is part of a PYENV."""
        name = metadata.description.get(NAME, "")
        if not unit.is_pyenv:
            if name:
                metadata.description[NAME] = self._numbering.rename(name, unit)
            if metadata.HasField("progress_group"):
                metadata.progress_group.name = self._numbering.rename(metadata.progress_group.name, unit)
            return {}
        title = self._numbering.title(name, unit)
        metadata.description[NAME] = title
        metadata.description[_COMMAND] = unit.text
        group = f"pyenv:{self._platform}:{unit.instruction.lines.first}"
        metadata.progress_group.CopyFrom(wire.ProgressGroup(id=group, name=title))
        return {digest: group}

    @staticmethod
    def _adopt(definition: wire.Definition, users: Mapping[str, Sequence[str]], pyenvs: Mapping[str, str]) -> None:
        """Add the steps that only PYENVs use (interpreters' images, our tools) to the group of the first of them."""
        for digest, by in users.items():
            if digest in pyenvs or not all(user in pyenvs for user in by):
                continue
            metadata = definition.metadata[digest]
            if not _located(definition, digest) and not metadata.HasField("progress_group"):
                group = definition.metadata[by[0]].progress_group
                metadata.progress_group.CopyFrom(wire.ProgressGroup(id=group.id, name=group.name, weak=True))


def _located(definition: wire.Definition, digest: str) -> bool:
    """Tell whether a step has a line: an image that is only copied from has an entry without lines."""
    places = definition.source.locations
    return digest in places and any(place.ranges for place in places[digest].locations)


def _users(definition: wire.Definition) -> dict[str, list[str]]:
    """Return for each op the ops that use it, in the order of the graph."""
    users: dict[str, list[str]] = {}
    for digest, op in _ops(definition):
        for entry in op.inputs:
            users.setdefault(entry.digest, []).append(digest)
    return users


def _ops(definition: wire.Definition) -> Iterator[tuple[str, wire.Op]]:
    for raw in definition.ops:
        yield digest_of(raw), wire.Op.FromString(raw)
