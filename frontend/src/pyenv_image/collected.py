"""The files and facts of its stage for an install that does not run there (see `collect`)."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

from pyenv_image.account import Account
from pyenv_image.failure import StepError

__all__ = ["CONFIGURED", "NAMED", "apply"]

NAMED = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSL_CLIENT_CERT",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CONFIG_FILE",
    "UV_CONFIG_FILE",
    "NETRC",
)
"""The variables whose files are collected."""

CONFIGURED = {"cert": "PIP_CERT", "client-cert": "PIP_CLIENT_CERT"}
"""The settings of pip's configuration files whose files are collected, and the variables that go before them."""


def apply(folder: Path, path: str) -> Account:
    """Copy the collected files to their paths in the image that the install runs on; return the owner.

    Args:
        folder: what was collected.
        path: where the environment goes on its stage.

    Raises:
        StepError: there is something else at that path.
    """
    facts = json.loads((folder / "facts.json").read_text())
    if path in facts["taken"]:
        raise StepError(facts["taken"][path])
    files = folder / "files"
    for source in sorted(files.rglob("*")):
        target = Path("/", source.relative_to(files))
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif not _is_mounted(target):
            if target.is_symlink():
                target.unlink()
            shutil.copyfile(str(source), str(target))
            about = source.stat()
            os.chown(str(target), about.st_uid, about.st_gid)
            target.chmod(stat.S_IMODE(about.st_mode))
    for name in NAMED:
        value = os.environ.get(name, "")
        is_named = value.startswith("/") or (folder / "named" / name).exists()
        if is_named and not (value and _is_mounted(Path(value))):
            os.environ[name] = str(folder / "named" / name)
    home = Path(facts["home"]) if facts["home"] else None
    return Account(facts["uid"], facts["gid"], tuple(facts["groups"]), home)


def _is_mounted(file: Path) -> bool:
    """Return whether a file is mounted for this step, as secrets are: on the stage it would hide another file."""
    return os.path.ismount(str(file))
