"""Copy the interpreter and all shared libraries into the frontend's image. Dockerfile.frontend runs this.

    python libraries.py ROOT BASE

It runs after assemble.py. The names of the libraries that a binary loads are read from its file, because `ldd` would
execute the binary, which may be for another processor. The libraries are searched for as the dynamic loader does in the
image, which has no cache of `ldconfig`: first in the paths that the binary names, then in Debian's folders (see
ld.so(8)). Paths are relative to the root of an image unless a root precedes them.
"""

from __future__ import annotations

import os.path
import sys
from pathlib import Path

from assemble import copy
from elftools.elf.elffile import ELFFile

FOLDERS = ("lib/*-linux-gnu*", "usr/lib/*-linux-gnu*", "lib", "usr/lib")
"""Folders that Debian's dynamic loader searches. The first star stands for the processor."""


def main(root: Path, base: Path) -> None:
    """Copy the interpreter and the missing libraries, under the names that the dynamic loader searches for.

    Args:
        root: the root of the new image, which has the extension modules already.
        base: the root of an image for the same processor, which has the interpreter and the libraries.

    Raises:
        SystemExit: `base` does not have a library.
    """
    executable = Path(sys.executable).resolve().relative_to("/")
    copy(inside(base, executable), root / executable)
    waiting = [executable, *(file.relative_to(root) for file in root.rglob("*.so"))]  # names the loader
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
    """Return the paths where each library of a binary may be, in the order of the dynamic loader's search.

    Args:
        file: the binary.
        place: its path in the image.
        common: the folders that are searched for every binary.
    """
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
    """Return the real path of a file in an image. Absolute links start at the image's root.

    Args:
        base: the root of the image.
        place: the path of the file in the image, relative to the root.
    """
    path = base
    for part in place.parts:
        path /= part
        if path.is_symlink():
            target = Path("/", path.parent.relative_to(base), path.readlink())
            path = inside(base, target.relative_to("/"))
    return path


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
