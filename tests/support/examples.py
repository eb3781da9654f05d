"""The examples of this repository, as files of a build context."""

from pathlib import Path

from tools.state import ROOT

__all__ = ["files"]


def files(name: str) -> dict[str, bytes]:
    """Return the files of an example by path, without environments that were created there."""
    folder = ROOT / "examples" / name
    return {path.as_posix(): (folder / path).read_bytes() for path in _paths(folder)}


def _paths(folder: Path) -> list[Path]:
    paths: list[Path] = []
    for place, folders, names in folder.walk():
        folders[:] = sorted(name for name in folders if name not in {".pyenv-frontend", "__pycache__"})
        paths += [(place / name).relative_to(folder) for name in sorted(names)]
    return paths
