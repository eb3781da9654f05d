"""Write files from a mapping of paths to contents, such as those of a build context or a project."""

from collections.abc import Mapping
from pathlib import Path

__all__ = ["Files", "write_files"]

type Files = Mapping[str, str | bytes]
"""Contents by relative path."""


def write_files(into: Path, files: Files) -> None:
    """Write files into a folder, and create the folders of their paths."""
    for name, content in files.items():
        path = into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
