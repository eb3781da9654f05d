"""Put the interpreter and all shared libraries into the frontend image: run by Dockerfile.frontend after assemble.py.

    python libraries.py ROOT BASE

The libraries that a binary loads are read from its file: it may be for another processor, and `ldd` would run it. They
are searched as the dynamic loader does in the image, which has no cache of `ldconfig`: in the paths that the binary
names, then in Debian's folders. Paths without a root in front of them are relative to one.
"""

from __future__ import annotations

import os.path
import sys
from pathlib import Path

from assemble import copy
from elftools.elf.elffile import ELFFile

FOLDERS = ("lib/*-linux-gnu*", "usr/lib/*-linux-gnu*", "lib", "usr/lib")
"""The folders of Debian's loader; the star stands for the processor."""


def main(root: Path, base: Path) -> None:
    """Copy what is missing in `root`, under the names that the dynamic loader looks for.

    Args:
        root: the root of the image, with its extension modules.
        base: the root of the image for the same processor that has the interpreter and the libraries.

    Raises:
        SystemExit: a library is missing.
    """
    executable = Path(sys.executable).resolve().relative_to("/")
    copy(inside(base, executable), root / executable)
    waiting = [executable, *(file.relative_to(root) for file in root.rglob("*.so"))]  # the first names the loader
    common = [folder.relative_to(base) for pattern in FOLDERS for folder in sorted(base.glob(pattern))]
    known: set[str] = set()
    while waiting:
        binary = waiting.pop(0)
        for places in load_candidates(root / binary, binary, common):
            name = places[0].name
            if name in known:
                continue
            known.add(name)
            library = next((place for place in places if inside(base, place).is_file()), None)
            if library is None:
                raise SystemExit(f"{binary} needs {name}, which is at none of {', '.join(map(str, places))} in {base}")
            copy(inside(base, library), root / library)
            waiting.append(library)


def load_candidates(file: Path, place: Path, common: list[Path]) -> list[list[Path]]:
    """Return for each library that a binary loads the paths where it may be, the likeliest first."""
    with file.open("rb") as stream:
        elf = ELFFile(stream)
        loaders = [Path(part.get_interp_name()[1:]) for part in elf.iter_segments("PT_INTERP")]
        tags = [tag for part in elf.iter_segments("PT_DYNAMIC") for tag in part.iter_tags()]
        paths = [tag.runpath for tag in tags if tag.entry.d_tag == "DT_RUNPATH"]
        paths += [tag.rpath for tag in tags if tag.entry.d_tag == "DT_RPATH"]
        names = [tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"]
    here = f"/{place.parent}"
    own = [
        folder.replace("$ORIGIN", here).replace("${ORIGIN}", here) for folder in ":".join(paths).split(":") if folder
    ]
    folders = [*(Path(os.path.normpath(folder)[1:]) for folder in own), *common]
    return [*([loader] for loader in loaders), *([folder / name for folder in folders] for name in names)]


def inside(base: Path, place: Path) -> Path:
    """Follow links as in the image, where an absolute one begins at the image's root."""
    path = base
    for part in place.parts:
        path /= part
        if path.is_symlink():
            target = Path("/", path.parent.relative_to(base), path.readlink())
            path = inside(base, target.relative_to("/"))
    return path


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
