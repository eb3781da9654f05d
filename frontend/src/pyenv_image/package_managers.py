"""Describe how the image's package manager installs what a PYENV needs: libraries, and programs of an installer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Sequence

__all__ = ["remedy_for_libraries", "remedy_for_programs"]


@dataclass(frozen=True)
class _PackageManager:
    """The package manager of a distribution, and its packages with what a PYENV needs."""

    program: str
    command: str
    packages: Mapping[str, str]
    """By library or program; what is not here has no package, or one that differs between releases."""


# Debian 13 and Ubuntu 24.04 spell some with a t64 at the end; apt resolves both.
_DEBIAN = {
    "libssl.so.3": "libssl3", "libcrypto.so.3": "libssl3", "libssl.so.1.1": "libssl1.1",
    "libcrypto.so.1.1": "libssl1.1", "libsqlite3.so.0": "libsqlite3-0", "libffi.so.8": "libffi8",
    "libffi.so.7": "libffi7", "libz.so.1": "zlib1g", "libbz2.so.1.0": "libbz2-1.0", "liblzma.so.5": "liblzma5",
    "libuuid.so.1": "libuuid1", "libreadline.so.8": "libreadline8", "libncursesw.so.6": "libncursesw6",
    "libtinfo.so.6": "libtinfo6", "libzstd.so.1": "libzstd1", "git": "git", "ssh": "openssh-client",
}  # fmt: skip
_RED_HAT = {
    "libssl.so.3": "openssl-libs", "libcrypto.so.3": "openssl-libs", "libsqlite3.so.0": "sqlite-libs",
    "libffi.so.8": "libffi", "libz.so.1": "zlib", "liblzma.so.5": "xz-libs", "libuuid.so.1": "libuuid",
    "libreadline.so.8": "readline", "libncursesw.so.6": "ncurses-libs", "libtinfo.so.6": "ncurses-libs",
    "libzstd.so.1": "libzstd", "git": "git", "ssh": "openssh-clients",
}  # fmt: skip
_SUSE = {
    "libssl.so.3": "libopenssl3", "libcrypto.so.3": "libopenssl3", "libssl.so.1.1": "libopenssl1_1",
    "libcrypto.so.1.1": "libopenssl1_1", "libsqlite3.so.0": "libsqlite3-0", "libffi.so.8": "libffi8",
    "libffi.so.7": "libffi7", "libz.so.1": "libz1", "liblzma.so.5": "liblzma5", "libuuid.so.1": "libuuid1",
    "libreadline.so.8": "libreadline8", "libncursesw.so.6": "libncurses6", "libtinfo.so.6": "libncurses6",
    "libzstd.so.1": "libzstd1", "git": "git", "ssh": "openssh-clients",
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


def remedy_for_libraries(libraries: Sequence[str]) -> str:
    """Return how to install libraries in this image; empty without a package manager that has all of them."""
    # apk finds packages by what they contain.
    return _remedy(libraries, [f"so:{library}" for library in libraries])


def remedy_for_programs(programs: Sequence[str]) -> str:
    """Return how to install programs in this image: `git` and `ssh`."""
    return _remedy(programs, ["openssh-client" if program == "ssh" else program for program in programs])


def _remedy(names: Sequence[str], of_alpine: Sequence[str]) -> str:
    if _has("apk"):
        return f" Before PYENV, add: RUN apk add --no-cache {' '.join(of_alpine)}."
    manager = next((manager for manager in _MANAGERS if _has(manager.program)), None)
    if manager is None or not manager.packages.keys() >= set(names):
        return ""
    packages = sorted({manager.packages[name] for name in names})
    return f" Before PYENV, add: RUN {manager.command.format(' '.join(packages))}"


def _has(program: str) -> bool:
    return any(Path(folder, program).exists() for folder in _FOLDERS)
