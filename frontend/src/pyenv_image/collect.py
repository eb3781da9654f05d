"""Gather what an install that does not run on its stage may know of the stage.

That are settings of installers, certificates, the numbers of the owner, and the folders above the environment.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Sequence

from pyenv_image import account, collected
from pyenv_image.failure import StepError
from pyenv_image.layer import TIME, set_folder
from pyenv_image.pip_configuration import read_configuration
from pyenv_image.room import check_room

if TYPE_CHECKING:
    from pyenv_image.step_options import CollectOptions

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
    (output / "layer").mkdir()
    parents = list(_parents(path, owner))
    known = [{**about, "time": TIME * 10**9} for about in parents] if options.skeleton else parents
    (output / "layer" / "parents.json").write_text(json.dumps(known))
    if options.skeleton:
        _make_skeleton(Path(options.skeleton), parents)
    if not options.only_parents:
        _collect_settings(output / "install", owner)


def _make_skeleton(root: Path, parents: Sequence[Mapping[str, Any]]) -> None:
    """Make the folders above a path as the stage has them, so that the layer need not know their times."""
    for about in parents:
        (root / about["path"].lstrip("/")).mkdir()
    for about in reversed(parents):
        set_folder(root / about["path"].lstrip("/"), about)


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
    """Give the regular files at a place; devices and pipes are never opened. Folders are not followed out of it."""
    if place.is_file():
        yield place
    elif place.is_dir():
        for folder, _, names in os.walk(str(place)):
            yield from (file for file in (Path(folder, name) for name in names) if file.is_file())


def _parents(path: Path, owner: account.Account) -> Iterator[dict[str, object]]:
    """Give the parents of an environment from the top down, at their real places."""
    folder = Path(os.path.realpath(str(path.parent)))
    home = Path(os.path.realpath(str(owner.home))) if owner.home else None
    real_owner = account.Account(owner.uid, owner.gid, owner.groups, home)
    for place in [*reversed(folder.parents), folder]:
        if str(place) == "/":
            continue
        if place.exists() and not place.is_dir():
            raise StepError(f"{place} is not a folder: choose another place with --path=DIR")
        if place.exists():
            about = place.stat()
            yield {
                "path": str(place), "mode": stat.S_IMODE(about.st_mode), "uid": about.st_uid, "gid": about.st_gid,
                "time": about.st_mtime_ns,
            }  # fmt: skip
        else:
            uid, gid = (owner.uid, owner.gid) if real_owner.owns(place) else (0, 0)
            yield {"path": str(place), "mode": 0o755, "uid": uid, "gid": gid, "time": TIME * 10**9}
