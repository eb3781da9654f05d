"""Check that an interpreter has, on this base image, what every program expects of its Python.

The official builds link `ssl`, `sqlite3`, `ctypes` and others against libraries of the distribution. On a base that
lacks one, the interpreter starts, and fails at the first `import ssl`, at night. So they are imported here, and the
message names the library and the package that has it.
"""

from __future__ import annotations

import importlib
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Mapping

from pyenv_image.failure import StepError

if TYPE_CHECKING:
    from pyenv_image.step_options import SelfcheckOptions

MODULES = ("ssl", "sqlite3", "ctypes", "zlib", "bz2", "lzma", "hashlib", "uuid", "readline")


@dataclass(frozen=True)
class _PackageManager:
    """How a distribution installs packages, and in which packages it has the libraries that a Python needs."""

    program: str
    command: str
    packages: Mapping[str, str]
    """By library; one that is not here has no package, or one that differs between releases."""


# Debian 13 and Ubuntu 24.04 spell some with a t64 at the end; apt resolves both.
_DEBIAN = {
    "libssl.so.3": "libssl3", "libcrypto.so.3": "libssl3", "libssl.so.1.1": "libssl1.1",
    "libcrypto.so.1.1": "libssl1.1", "libsqlite3.so.0": "libsqlite3-0", "libffi.so.8": "libffi8",
    "libffi.so.7": "libffi7", "libz.so.1": "zlib1g", "libbz2.so.1.0": "libbz2-1.0", "liblzma.so.5": "liblzma5",
    "libuuid.so.1": "libuuid1", "libreadline.so.8": "libreadline8", "libncursesw.so.6": "libncursesw6",
    "libtinfo.so.6": "libtinfo6", "libzstd.so.1": "libzstd1",
}  # fmt: skip
_RED_HAT = {
    "libssl.so.3": "openssl-libs", "libcrypto.so.3": "openssl-libs", "libsqlite3.so.0": "sqlite-libs",
    "libffi.so.8": "libffi", "libz.so.1": "zlib", "liblzma.so.5": "xz-libs", "libuuid.so.1": "libuuid",
    "libreadline.so.8": "readline", "libncursesw.so.6": "ncurses-libs", "libtinfo.so.6": "ncurses-libs",
    "libzstd.so.1": "libzstd",
}  # fmt: skip
_SUSE = {
    "libssl.so.3": "libopenssl3", "libcrypto.so.3": "libopenssl3", "libssl.so.1.1": "libopenssl1_1",
    "libcrypto.so.1.1": "libopenssl1_1", "libsqlite3.so.0": "libsqlite3-0", "libffi.so.8": "libffi8",
    "libffi.so.7": "libffi7", "libz.so.1": "libz1", "liblzma.so.5": "liblzma5", "libuuid.so.1": "libuuid1",
    "libreadline.so.8": "libreadline8", "libncursesw.so.6": "libncurses6", "libtinfo.so.6": "libncurses6",
    "libzstd.so.1": "libzstd1",
}  # fmt: skip
_MANAGERS = (
    _PackageManager(
        "apt-get",
        "apt-get update && apt-get install -y --no-install-recommends {} && rm -rf /var/lib/apt/lists/*",
        _DEBIAN,
    ),
    _PackageManager("microdnf", "microdnf install -y {} && microdnf clean all", _RED_HAT),
    _PackageManager("dnf", "dnf install -y {} && dnf clean all", _RED_HAT),
    _PackageManager("yum", "yum install -y {} && yum clean all", _RED_HAT),
    _PackageManager("zypper", "zypper --non-interactive install {} && zypper clean --all", _SUSE),
)
_FOLDERS = ("/usr/bin", "/usr/sbin", "/bin", "/sbin")
# Nice to have: a program that lacks them says so itself, and many slim bases leave them out on purpose.
_OPTIONAL = frozenset({"readline", "uuid"})
REQUIRED = tuple(name for name in MODULES if name not in _OPTIONAL)


def run(_options: SelfcheckOptions | None = None) -> None:
    """Check the interpreter that runs this.

    Raises:
        StepError: a module does not import; names every library that is missing and how to get it.
    """
    failures = {name: str(error) for name, error in _import_all().items()}
    if failures:
        raise StepError(_explain(failures))


def _import_all() -> dict[str, ImportError]:
    failures = {}
    for name in MODULES:
        try:
            importlib.import_module(name)
        except ImportError as error:  # noqa: PERF203 - nine times
            if name not in _OPTIONAL:
                failures[name] = error
    return failures


def _explain(failures: dict[str, str]) -> str:
    version = platform.python_version()
    libraries = sorted(
        {library for text in failures.values() for library in re.findall(r"(lib[\w+.-]+\.so[\w.]*): cannot", text)}
    )
    details = "".join(f"\n  import {name}: {text}" for name, text in failures.items())
    newer = re.search(r"version `(GLIBC_[\d.]+)' not found", " ".join(failures.values()))
    if newer:
        return (
            f"Python {version} was built for a newer C library than this base image has ({newer.group(1)} is missing). "
            "Choose an interpreter of the base's own Debian release: "
            f"PYENV --from=python:{_series()}-slim-<release> ...{details}"
        )
    if libraries:
        missing = ", ".join(libraries)
        return f"Python {version} needs libraries that this base image lacks: {missing}.{_remedy(libraries)}{details}"
    return f"Python {version} is incomplete: {', '.join(failures)} cannot be imported on this base image.{details}"


def _remedy(libraries: list[str]) -> str:
    """Say how this image gets libraries; empty where it has no package manager, or none that has all of them."""
    if _has("apk"):  # it finds packages by what they contain
        return f" Before PYENV, add: RUN apk add --no-cache {' '.join('so:' + library for library in libraries)}."
    manager = next((manager for manager in _MANAGERS if _has(manager.program)), None)
    if manager is None or not manager.packages.keys() >= set(libraries):
        return ""
    packages = sorted({manager.packages[library] for library in libraries})
    return f" Before PYENV, add: RUN {manager.command.format(' '.join(packages))}"


def _has(program: str) -> bool:
    return any(Path(folder, program).exists() for folder in _FOLDERS)


def _series() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"
