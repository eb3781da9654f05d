"""The folders above a path, and the links in that path, as the stage has them.

What is joined onto a stage goes below them, so that the stage's own folders keep their owners, modes and times.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Iterable, Iterator, Mapping, NamedTuple

from pyenv_image.folders import links_in, real_folders
from pyenv_image.times import FIXED_TIME

if TYPE_CHECKING:
    from pyenv_image.account import Account

__all__ = ["make_links", "make_skeleton"]


def make_skeleton(root: Path, folders: Iterable[Path], owner: Account) -> None:
    """Make folders of the stage, those above them, and the links in their paths.

    Args:
        root: an empty folder, in the place of the stage's root.
        folders: the folders. Those that the stage lacks are the owner's if they are in the owner's home.
        owner: the owner.

    Raises:
        StepError: there is something else in the place of a folder, or its path has too many links.
    """
    folders = list(folders)
    links = {link: target for folder in folders for link, target in links_in(folder).items()}
    above_links = (folder for link in links for folder in Path(link).parents if str(folder) != "/")
    facts = {str(folder): _facts(folder) for folder in above_links}
    for folder in folders:
        facts.update((str(place), about) for place, about in _with_parents(folder, owner))
    for path in sorted(facts):
        below(root, path).mkdir()
    make_links(root, links)
    for link in links:
        _adopt(below(root, link), _facts(Path(link)))
    for path in sorted(facts, reverse=True):
        _adopt(below(root, path), facts[path])
    _adopt(root, _facts(Path("/")))


def make_links(root: Path, links: Mapping[str, str]) -> None:
    """Make links, with the folders above them.

    Args:
        root: the folder in the place of the stage's root.
        links: the targets of the links, by their paths on the stage.
    """
    for link, target in links.items():
        place = below(root, link)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)


def below(root: Path, path: str) -> Path:
    """Return where a path of the stage is below a folder in the place of its root."""
    return root / path.lstrip("/")


def _with_parents(folder: Path, owner: Account) -> Iterator[tuple[Path, _Facts]]:
    """Yield a folder and those above it from the top down, at their real paths."""
    real_owner = owner.with_real_home()
    above = _facts(Path("/"))
    for place in real_folders(folder):
        if place.exists():
            above = _facts(place)
        elif real_owner.owns(place):
            above = _Facts(0o755, owner.uid, owner.gid, FIXED_TIME * 10**9)
        else:  # a new folder takes over the set-group-ID bit, and the group with it
            gid = above.gid if above.mode & stat.S_ISGID else 0
            above = _Facts(0o755 | above.mode & stat.S_ISGID, 0, gid, FIXED_TIME * 10**9)
        yield place, above


class _Facts(NamedTuple):
    """The owner, mode and time of a folder or link."""

    mode: int
    uid: int
    gid: int
    time: int
    """Of its last change, in nanoseconds."""


def _facts(path: Path) -> _Facts:
    about = path.lstat()
    return _Facts(stat.S_IMODE(about.st_mode), about.st_uid, about.st_gid, about.st_mtime_ns)


def _adopt(path: Path, facts: _Facts) -> None:
    """Set the owner, mode and time of a folder or link."""
    os.chown(str(path), facts.uid, facts.gid, follow_symlinks=False)
    if not path.is_symlink():  # a link has no mode
        path.chmod(facts.mode)
    os.utime(str(path), ns=(facts.time, facts.time), follow_symlinks=False)
