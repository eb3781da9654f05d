"""Files given by their paths and contents, as a build context or a project holds them."""

from collections.abc import Mapping
from pathlib import Path

__all__ = ["Files", "write_files"]

type Files = Mapping[str, str | bytes]
"""Contents by relative path."""


def write_files(into: Path, files: Files) -> None:
    """Write files below a folder, given by their paths."""
    for name, content in files.items():
        path = into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
