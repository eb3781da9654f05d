"""Limits for reading the files of an image: it is data, and its files may be anything."""

from __future__ import annotations

__all__ = ["LARGEST", "MOST_NAMES", "ImageFileError", "check_names", "check_size"]

LARGEST = 8 << 20
"""The size of a file that is still read, in bytes; a C library has 2 MB."""
MOST_NAMES = 1000
"""How many names of a folder are looked at; patterns are for a few."""


class ImageFileError(Exception):
    """A file of an image cannot be read; `str()` is a sentence about the file, and names the image."""


def check_size(path: str, image: str, size: int) -> None:
    """Check that a file is not too large.

    Raises:
        ImageFileError: it is.
    """
    if size > LARGEST:
        raise ImageFileError(
            f"/{path} of {image} has {size >> 20} MB, and no more than {LARGEST >> 20} MB of it are read"
        )


def check_names(folder: str, pattern: str, image: str, count: int) -> None:
    """Check that a folder has not too many names like a pattern.

    Raises:
        ImageFileError: it has.
    """
    if count > MOST_NAMES:
        raise ImageFileError(
            f"/{folder} of {image} has {count} names like {pattern}, "
            f"and no more than {MOST_NAMES} of them are looked at"
        )
