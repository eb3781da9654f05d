"""Gather what installs that do not run on their stage may know of the stage.

These are settings of installers, certificates, the owner's IDs, and the folder above their environments.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

from pyenv_image import account, collected
from pyenv_image.failure import StepError
from pyenv_image.folders import links_in
from pyenv_image.pip_configuration import read_configuration
from pyenv_image.room import obstacle
from pyenv_image.skeleton import make_links, make_skeleton

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
    """Gather what installs may know of the stage; this runs on the stage.

    Raises:
        StepError: the user does not exist, there is no room for the folders above, or there is more than fits.
    """
    owner = account.find(options.user, options.home)
    folder, output = Path(options.paths[0]).parent, Path(options.output)
    settings = output / "install"
    (settings / "files").mkdir(parents=True)
    reasons = {path: obstacle(Path(path)) for path in options.paths}
    facts = {
        "uid": owner.uid,
        "gid": owner.gid,
        "groups": owner.groups,
        "home": str(owner.home or ""),
        # The install whose path it is fails with that.
        "taken": {path: reason for path, reason in reasons.items() if reason},
    }
    (settings / "facts.json").write_text(json.dumps(facts))
    make_skeleton(Path(options.skeleton), [folder], owner)
    (output / "links").mkdir()
    make_links(output / "links", links_in(folder))
    _collect_settings(settings, owner)


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
