"""pip as it decides for another machine.

`pip install --platform --python-version` chooses files for a target, but takes markers (`python_version < "3.9"`) for
those of the Python that it runs on. Here it runs on this Python, with the markers' environment of the target.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["pip_for"]

_PROGRAM: Final = """\
import json, sys
folder, environment = sys.argv[1], json.loads(sys.argv[2])
sys.argv[1:3] = []
sys.path += [folder] if folder else []
from pip._vendor.packaging import markers
markers.default_environment = lambda: dict(environment)
from pip._internal.cli.main import main
sys.exit(main())
"""
_VERSION: Final = re.compile(r"pip (\d+)\.(\d+)\S* from (.+)[/\\]pip \(python .*")
_OLDEST: Final = (23, 1)
"""The first pip that runs on Python 3.12."""

_SECONDS: Final = 60


def pip_for(environment: Mapping[str, str]) -> list[str]:
    """Return the command that runs pip with the values of markers of a target; empty if this machine has no pip."""
    folder = _folder_of_pip()
    return [] if folder is None else [sys.executable, "-P", "-c", _PROGRAM, folder, json.dumps(dict(environment))]


@functools.cache
def _folder_of_pip() -> str | None:
    """Return what pip is in: empty for this Python's own, the folder of the one on PATH, or the wheel of ensurepip."""
    if find_spec("pip"):
        return ""
    program = shutil.which("pip")
    match = _VERSION.match(_version_of(program)) if program else None
    if match and (int(match[1]), int(match[2])) >= _OLDEST:
        return match[3]
    ensurepip = find_spec("ensurepip")
    bundled = sorted(Path(ensurepip.origin or "").parent.glob("_bundled/pip-*.whl")) if ensurepip else []
    return str(bundled[-1]) if bundled else None


def _version_of(program: str) -> str:
    command = [program, "--version"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
