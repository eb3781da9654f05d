"""The owner of an environment: the stage's USER, looked up in the image itself, as the engine does for RUN."""

from __future__ import annotations

import grp
import os
import pwd
from dataclasses import dataclass, replace
from pathlib import Path

from pyenv_image.failure import StepError
from pyenv_image.folders import real_folders


@dataclass(frozen=True)
class Account:
    """The numbers of a user, and the home below which new folders belong to that user."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    home: Path | None

    def own_folder(self, path: Path) -> None:
        """Give a folder to the user, and create it and its parents if they are missing.

        New parents below the home belong to the user as well, others are as `mkdir -p` makes them.

        Raises:
            StepError: there is something else in the place of a folder, or its path has too many links.
        """
        (*_, last) = places = real_folders(path)
        owner = self.with_real_home()
        for folder in places:
            new = not folder.exists()
            if new:
                folder.mkdir(mode=0o755)
            if folder == last or (new and owner.owns(folder)):
                os.chown(str(folder), self.uid, self.gid)
                folder.chmod(0o755)

    def with_real_home(self) -> Account:
        """Return the account with the home at the end of all links."""
        return replace(self, home=Path(os.path.realpath(str(self.home))) if self.home else None)

    def owns(self, folder: Path) -> bool:
        """Return whether a folder that is created belongs to the user: it is below the home."""
        return self.home is not None and self.home != Path("/") and (self.home == folder or self.home in folder.parents)

    def become(self) -> None:
        """Drop root's rights for good: everything that follows, such as build scripts of packages, has the user's."""
        if os.getuid() == 0 and self.uid != 0:
            os.setgroups(list(self.groups))
            os.setgid(self.gid)
            os.setuid(self.uid)
        os.environ["HOME"] = str(self.home or "/")
        os.umask(0o022)


def find(user: str, home: str = "") -> Account:
    """Look up the argument of `USER`: a name or number, and maybe a group.

    Args:
        user: the argument.
        home: the stage's `ENV HOME`, where it sets one.

    Raises:
        StepError: the image has no user or group of that name.
    """
    name, _, group = user.partition(":")
    entry = _passwd(name)
    if entry is None and not name.isdigit():
        raise StepError(f"the image has no user {name!r}: make it before PYENV (RUN useradd ...), or correct USER")
    uid = int(name) if entry is None else entry.pw_uid
    gid = _group(group) if group else (entry.pw_gid if entry else 0)
    groups = tuple(g.gr_gid for g in grp.getgrall() if entry and entry.pw_name in g.gr_mem) if not group else ()
    home = home or (entry.pw_dir if entry else "")
    return Account(uid, gid, (gid, *groups), Path(home) if home else None)


def _passwd(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except KeyError:
        return None


def _group(name: str) -> int:
    if name.isdigit():
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise StepError(
            f"the image has no group {name!r}: make it before PYENV (RUN groupadd ...), or correct USER"
        ) from None
