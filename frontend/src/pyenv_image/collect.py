"""Gather what an install that does not run on its stage may know of the stage.

These are settings of installers, certificates, the owner's IDs, and the folders above the environment.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, Mapping, NamedTuple

from pyenv_image import account, collected
from pyenv_image.failure import StepError
from pyenv_image.pip_configuration import read_configuration
from pyenv_image.room import check_room
from pyenv_image.step_options import FIXED_TIME

if TYPE_CHECKING:
    from pyenv_image.step_options import CollectOptions

_MOST_LINKS = 40
"""Links in a path, as many as Linux follows."""

_MOST = 16 << 20
"""Bytes of settings and certificates that are taken from a stage."""

_SETTINGS = (
    "/etc/ssl/certs",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/ca-trust/extracted",
    "/etc/pip.conf",
    "/etc/uv/uv.toml",
    "/etc/xdg/pip/pip.conf",
    "/etc/xdg/uv/uv.toml",
)
"""Nothing here can bring code with it, as OpenSSL's own configuration (/etc/ssl/openssl.cnf) can."""

_OF_HOME = (".config/pip/pip.conf", ".config/uv/uv.toml", ".pip/pip.conf", ".netrc")


def run(options: CollectOptions) -> None:
    """Gather what an install may know of the stage; it runs on the stage.

    Raises:
        StepError: the user does not exist, the path is taken, or there is more than fits.
    """
    owner = account.find(options.user, options.home)
    path, output = Path(options.path), Path(options.output)
    if not options.only_parents:
        check_room(path)
    settings = output / "install" / "files"
    settings.mkdir(parents=True)
    facts = {"uid": owner.uid, "gid": owner.gid, "groups": owner.groups, "home": str(owner.home or "")}
    (output / "install" / "account.json").write_text(json.dumps(facts))
    links = dict(_links(path.parent))
    above_links = (folder for link in links for folder in Path(link).parents if str(folder) != "/")
    folders = {str(folder): _facts(folder) for folder in above_links}
    folders.update((str(folder), facts) for folder, facts in _parents(path, owner))
    _make_skeleton(Path(options.skeleton), folders, links)
    (output / "links").mkdir()
    _make_links(output / "links", links)
    if not options.only_parents:
        _collect_settings(output / "install", owner)


def _make_skeleton(root: Path, folders: Mapping[str, _Facts], links: Mapping[str, str]) -> None:
    """Make folders and links as the stage has them."""
    for path in sorted(folders):
        _below(root, path).mkdir()
    _make_links(root, links)
    for link in links:
        _adopt(_below(root, link), _facts(Path(link)))
    for path in sorted(folders, reverse=True):
        _adopt(_below(root, path), folders[path])
    _adopt(root, _facts(Path("/")))


def _adopt(path: Path, facts: _Facts) -> None:
    """Set the owner, mode and time of a folder or link."""
    os.chown(str(path), facts.uid, facts.gid, follow_symlinks=False)
    if not path.is_symlink():  # a link has no mode
        path.chmod(facts.mode)
    os.utime(str(path), ns=(facts.time, facts.time), follow_symlinks=False)


def _make_links(root: Path, links: Mapping[str, str]) -> None:
    for link, target in links.items():
        place = _below(root, link)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)


def _below(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _links(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the links that lead to a folder, at their real places, with their targets."""
    place, names, count = Path("/"), [*path.parts], 0
    while names:
        name = names.pop(0)
        if name == "..":
            place = place.parent
        elif not (place / name).is_symlink():
            place /= name
        else:
            target = os.readlink(str(place / name))
            yield str(place / name), target
            names = [*Path(target).parts, *names]
            count += 1
            if count > _MOST_LINKS:
                raise StepError(f"{path} leads through too many links: choose another place with --path=DIR")


def _collect_settings(output: Path, owner: account.Account) -> None:
    places = [Path(place) for place in _SETTINGS]
    places += [owner.home / name for name in _OF_HOME] if owner.home else []
    copies = {output / "files" / file.relative_to("/"): file for place in places for file in _files(place)}
    configuration = read_configuration(os.environ, str(owner.home or "/"))
    named = {
        variable: configuration[setting][-1].value
        for setting, variable in collected.CONFIGURED.items()
        if setting in configuration
    }
    named.update({name: os.environ[name] for name in collected.NAMED if os.environ.get(name)})
    for name, value in named.items():
        # A stage can name any file by a variable, and must not put it anywhere by that.
        place = Path(value).expanduser() if name in collected.CONFIGURED.values() else Path(value)
        if place.is_absolute():
            copies.update({output / "named" / name / file.relative_to(place): file for file in _files(place)})
    total = 0
    for target, file in sorted(copies.items()):
        total += file.stat().st_size
        if total > _MOST:
            raise StepError(f"the settings and certificates of this stage are larger than {_MOST >> 20} MiB ({file})")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(file), str(target))
        about = file.stat()
        os.chown(str(target), about.st_uid, about.st_gid)
        target.chmod(stat.S_IMODE(about.st_mode))


def _files(place: Path) -> Iterator[Path]:
    """Yield the regular files at a place; devices and pipes are never opened. Folders are not followed out of it."""
    if place.is_file():
        yield place
    elif place.is_dir():
        for folder, _, names in os.walk(str(place)):
            yield from (file for file in (Path(folder, name) for name in names) if file.is_file())


def _parents(path: Path, owner: account.Account) -> Iterator[tuple[Path, _Facts]]:
    """Yield the parents of an environment from the top down, at their real places."""
    folder = Path(os.path.realpath(str(path.parent)))
    home = Path(os.path.realpath(str(owner.home))) if owner.home else None
    real_owner = account.Account(owner.uid, owner.gid, owner.groups, home)
    for place in [*reversed(folder.parents), folder]:
        if str(place) == "/":
            continue
        if place.exists() and not place.is_dir():
            raise StepError(f"{place} is not a folder: choose another place with --path=DIR")
        if place.exists():
            yield place, _facts(place)
        else:
            uid, gid = (owner.uid, owner.gid) if real_owner.owns(place) else (0, 0)
            yield place, _Facts(0o755, uid, gid, FIXED_TIME * 10**9)


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
