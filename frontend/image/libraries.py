"""Put the interpreter and all shared libraries into the frontend image: run by Dockerfile.frontend after assemble.py.

    python libraries.py ROOT BASE

What a binary loads is found by reading it: it may be for another processor than this one, and `ldd` would run it.
Libraries are looked for as the dynamic loader will do it in the image, which has no cache of `ldconfig`: by the paths
that a binary brings along, then in Debian's folders. Paths without a root in front of them are relative to one.
"""

from __future__ import annotations

import os.path
import sys
from pathlib import Path

from assemble import copy
from elftools.elf.elffile import ELFFile

FOLDERS = ("lib/*-linux-gnu*", "usr/lib/*-linux-gnu*", "lib", "usr/lib")
"""Where Debian's loader looks; what the star stands for is the processor."""


def main(root: Path, base: Path) -> None:
    """Copy what is missing in `root`, under the names that the dynamic loader looks for.

    Args:
        root: the root of the image, with its extension modules.
        base: the root of the image for the same processor that has the interpreter and the libraries.

    Raises:
        SystemExit: a library is not there.
    """
    executable = Path(sys.executable).resolve().relative_to("/")
    copy(inside(base, executable), root / executable)
    waiting = [executable, *(file.relative_to(root) for file in root.rglob("*.so"))]  # the first names the loader
    common = [folder.relative_to(base) for pattern in FOLDERS for folder in sorted(base.glob(pattern))]
    known: set[str] = set()
    while waiting:
        binary = waiting.pop(0)
        for places in wanted(root / binary, binary, common):
            name = places[0].name
            if name in known:
                continue
            known.add(name)
            found = next((place for place in places if inside(base, place).is_file()), None)
            if found is None:
                raise SystemExit(f"{binary} needs {name}, which is at none of {', '.join(map(str, places))} in {base}")
            copy(inside(base, found), root / found)
            waiting.append(found)


def wanted(file: Path, place: Path, common: list[Path]) -> list[list[Path]]:
    """Read what a binary loads; for each, the places where it may be, the likeliest first."""
    with file.open("rb") as stream:
        elf = ELFFile(stream)
        loaders = [Path(part.get_interp_name()[1:]) for part in elf.iter_segments("PT_INTERP")]
        tags = [tag for part in elf.iter_segments("PT_DYNAMIC") for tag in part.iter_tags()]
        paths = [tag.runpath for tag in tags if tag.entry.d_tag == "DT_RUNPATH"]
        paths += [tag.rpath for tag in tags if tag.entry.d_tag == "DT_RPATH"]
        names = [tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"]
    here = f"/{place.parent}"
    own = [each.replace("$ORIGIN", here).replace("${ORIGIN}", here) for each in ":".join(paths).split(":") if each]
    folders = [*(Path(os.path.normpath(each)[1:]) for each in own), *common]
    return [*([loader] for loader in loaders), *([folder / name for folder in folders] for name in names)]


def inside(base: Path, place: Path) -> Path:
    """Follow links as they are meant in the image, where an absolute one begins at its own root."""
    found = base
    for part in place.parts:
        found /= part
        if found.is_symlink():
            target = Path("/", found.parent.relative_to(base), found.readlink())
            found = inside(base, target.relative_to("/"))
    return found


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
