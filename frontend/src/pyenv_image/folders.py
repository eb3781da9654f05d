"""The links and the folders on the way to a path."""

from __future__ import annotations

import os
from pathlib import Path

from pyenv_image.failure import StepError

__all__ = ["links_in", "real_folders"]

_MOST_LINKS = 40
"""Links in a path, as many as Linux follows."""


def links_in(folder: Path) -> dict[str, str]:
    """Return the links that lead to a folder, at their real paths, with their targets.

    Raises:
        StepError: there are too many, for example two that lead to each other.
    """
    links: dict[str, str] = {}
    place, names, count = Path("/"), [*folder.parts], 0
    while names:
        name = names.pop(0)
        if name == "..":
            place = place.parent
        elif not (place / name).is_symlink():
            place /= name
        else:
            target = os.readlink(str(place / name))
            links[str(place / name)] = target
            names = [*Path(target).parts, *names]
            count += 1
            if count > _MOST_LINKS:
                raise StepError(f"{folder} leads through too many links: choose another place with --path=DIR")
    return links


def real_folders(folder: Path) -> list[Path]:
    """Return a folder and those above it from the top down, at their real paths, without the root.

    Raises:
        StepError: there is something else in the place of one, or its path has too many links.
    """
    links_in(folder)
    folder = Path(os.path.realpath(str(folder)))
    places = [*reversed(folder.parents), folder][1:]
    for place in places:
        if place.exists() and not place.is_dir():
            raise StepError(f"{place} is not a folder: choose another place with --path=DIR")
    return places
