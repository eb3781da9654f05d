"""The facts of a base image that the expansion needs.

Pure: callers provide the files (`solve.base_images` reads them through the engine; the command line takes options).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "FILES",
    "PYTHONS",
    "Base",
    "Files",
    "Interpreter",
    "Libc",
    "UserEntry",
    "accounts",
    "folders",
    "has_only_openssl_3",
    "inspect",
    "is_of_debian",
    "is_program",
    "libc_of_release",
]

FILES = ("etc/os-release", "etc/passwd")
"""The files that are read from every image."""

_PYTHON = re.compile(r"python(3\.\d+)")
_FOLDERS = ("usr/local/bin", "usr/bin")
PYTHONS = "python3.*"
_PATCHLEVEL = re.compile(rb'#define PY_VERSION\s+"([^"]+)"')
_GLIBC = re.compile(rb"GNU C Library .{0,80}?version (\d+)\.(\d+)")
_GLIBC_PLACES = (
    "lib/x86_64-linux-gnu/libc.so.6",
    "lib/aarch64-linux-gnu/libc.so.6",
    "lib64/libc.so.6",
    "usr/lib64/libc.so.6",
)

_LIBRARIES = ("usr/lib64", "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/local/lib", "usr/lib")

# VERSION_CODENAME of os-release -> glibc. For others it is read from the library itself.
_GLIBC_OF_RELEASE = {
    "buster": (2, 28),
    "bullseye": (2, 31),
    "bookworm": (2, 36),
    "trixie": (2, 41),
    "focal": (2, 31),
    "jammy": (2, 35),
    "noble": (2, 39),
}


# e_machine of elf(5), by the names of platforms.
_ELF_MACHINES = {"386": 3, "arm": 40, "amd64": 62, "arm64": 183, "ppc64le": 21, "s390x": 22, "riscv64": 243}


class Files(Protocol):
    """The file system of an image. Paths are relative to its root, without a leading slash."""

    def read(self, path: str) -> bytes | None:
        """Return the file's content, symbolic links followed; None when there is none."""
        ...

    def names(self, folder: str, pattern: str) -> list[str]:
        """Return the names in a folder that match a glob pattern; none when there is no such folder."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Libc:
    """The C library, which determines the interpreters that can start."""

    kind: Literal["glibc", "musl"]
    version: tuple[int, int]
    """`(2, 36)`; for musl `(0, 0)`, since nothing depends on it."""

    @property
    def name(self) -> str:
        """`glibc 2.36` or `musl`, as locks have it."""
        return "musl" if self.kind == "musl" else "glibc {}.{}".format(*self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python that the image has already."""

    path: str
    version: str | None
    """`3.12.4`, or None where only the series is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEntry:
    """A line of the image's `/etc/passwd`."""

    uid: int
    gid: int
    home: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The facts of one base image on one platform."""

    reference: str
    """As FROM names it."""

    suite: str | None = None
    """`VERSION_CODENAME` of its os-release: `bookworm`."""

    distribution: str | None = None
    """`ID` of its os-release: `debian`, `alpine`."""

    architecture: str = ""
    """Of its platform: `amd64`; empty if it is not known."""

    libc: Libc | None = None
    """None when no C library was found (`scratch`, a static image)."""

    user: str = "root"
    """`USER` of its config."""

    env: Mapping[str, str] = field(default_factory=dict)
    """`ENV` of its config."""

    triggers: tuple[str, ...] = ()
    """`ONBUILD` of its config, where the expansion takes their work over."""

    openssl: frozenset[str] = frozenset()
    """Its OpenSSL libraries (`libssl.so.3`), looked up only if they do not follow from the C library."""

    interpreters: Mapping[str, Interpreter] = field(default_factory=dict)
    """By series: `3.12`."""

    accounts: Mapping[str, UserEntry] = field(default_factory=dict)
    """By name, and by number as text."""


def inspect(  # noqa: PLR0913 - the image, and what matters of it
    reference: str,
    files: Files,
    *,
    user: str = "",
    env: Mapping[str, str] | None = None,
    series: frozenset[str] = frozenset(),
    programs: Callable[[Iterable[str]], Iterable[str]] | None = None,
) -> Base:
    """Read the facts of an image.

    Args:
        reference: the image as FROM names it.
        files: its file system.
        user: `User` of its config, maybe empty.
        env: `Env` of its config.
        series: the Python series (`3.12`) whose exact version matters.
        programs: returns those of some paths that the image's machine can execute; None: all of them.
    """
    env = env or {}
    release = _os_release(files.read("etc/os-release") or b"")
    libc = _libc(release, files)
    return Base(
        reference=reference,
        suite=release.get("VERSION_CODENAME"),
        distribution=release.get("ID"),
        libc=libc,
        openssl=_openssl(files) if libc and has_only_openssl_3(libc) else frozenset(),
        user=user or "root",
        env=env,
        interpreters=_interpreters(files, env, series, programs),
        accounts=accounts(files.read("etc/passwd") or b""),
    )


def _os_release(text: bytes) -> dict[str, str]:
    """Return the assignments of os-release(5)."""
    assignments = (line.partition("=") for line in text.decode(errors="replace").splitlines() if "=" in line)
    return {key.strip(): value.strip().strip("\"'") for key, _, value in assignments}


def _libc(release: Mapping[str, str], files: Files) -> Libc | None:
    known = libc_of_release(release.get("VERSION_CODENAME", ""))
    if known:
        return known
    if files.names("lib", "ld-musl-*"):
        return Libc(kind="musl", version=(0, 0))
    for place in _GLIBC_PLACES:
        match = _GLIBC.search(files.read(place) or b"")
        if match:
            return Libc(kind="glibc", version=(int(match[1]), int(match[2])))
    return None


def libc_of_release(codename: str) -> Libc | None:
    """Give the glibc of a release of Debian or Ubuntu, if it is a known one."""
    version = _GLIBC_OF_RELEASE.get(codename)
    return Libc(kind="glibc", version=version) if version else None


def has_only_openssl_3(libc: Libc) -> bool:
    """Tell whether distributions with this glibc ship OpenSSL 3, and no official Python for it is built with that.

    glibc 2.34 and 2.35: RHEL 9 and its kin, Amazon Linux 2023, Ubuntu 22.04. Debian went from 2.31 to 2.36.
    """
    return libc.kind == "glibc" and (2, 34) <= libc.version < (2, 36)


def is_of_debian(base: Base) -> bool:
    """Tell whether the libraries of a base have Debian's names and packages, as is assumed of an unknown base."""
    return base.distribution in {None, "debian", "ubuntu"} or libc_of_release(base.suite or "") is not None


def _openssl(files: Files) -> frozenset[str]:
    return frozenset(name for folder in _LIBRARIES for name in files.names(folder, "libssl.so.*"))


def folders(env: Mapping[str, str]) -> list[str]:
    """Return the folders of an image's own interpreters: those of PATH below `/usr` (Airflow's has `/usr/python/bin`).

    No others: a `python3.12` in a home or below `/opt` usually belongs to a virtual environment.
    """
    stated = [folder.strip("/") for folder in env.get("PATH", "").split(":") if folder.startswith("/usr/")]
    return list(dict.fromkeys([*(folder for folder in stated if folder.endswith("/bin")), *_FOLDERS]))


def _interpreters(
    files: Files,
    env: Mapping[str, str],
    series: frozenset[str],
    programs: Callable[[Iterable[str]], Iterable[str]] | None,
) -> dict[str, Interpreter]:
    paths: dict[str, str] = {}
    """The series by path, in the order of PATH."""
    for folder in folders(env):
        for name in files.names(folder, PYTHONS):
            if match := _PYTHON.fullmatch(name):
                paths[f"{folder}/{name}"] = match[1]
    runnable = {*paths} if programs is None else {*programs(paths)}
    interpreters: dict[str, Interpreter] = {}
    for path, minor in paths.items():
        if path in runnable and minor not in interpreters:
            version = _version(files, env, path.rpartition("/")[0], minor) if minor in series else None
            interpreters[minor] = Interpreter(path=f"/{path}", version=version)
    return interpreters


def is_program(head: bytes, architecture: str) -> bool:
    """Tell by the first 20 bytes whether a file is a program for a machine.

    Args:
        head: the bytes.
        architecture: that of a platform, `amd64`; a program for an unknown one is accepted.
    """
    order: Literal["little", "big"] = "big" if head[5:6] == b"\2" else "little"
    machine = int.from_bytes(head[18:20], order)
    return head.startswith(b"\x7fELF") and machine == _ELF_MACHINES.get(architecture, machine)


def _version(files: Files, env: Mapping[str, str], folder: str, series: str) -> str | None:
    """Return the exact version: official images have it in PYTHON_VERSION, others may have it in their headers."""
    stated = env.get("PYTHON_VERSION", "")
    if folder != "usr/bin" and stated.startswith(series + "."):
        return stated
    prefix = folder.removesuffix("/bin")
    match = _PATCHLEVEL.search(files.read(f"{prefix}/include/python{series}/patchlevel.h") or b"")
    return match[1].decode() if match else None


def accounts(passwd: bytes) -> dict[str, UserEntry]:
    """Return the users of a passwd(5) file, by name and by number; malformed lines are skipped."""
    users: dict[str, UserEntry] = {}
    for line in passwd.decode(errors="replace").splitlines():
        fields = line.split(":")
        if len(fields) < 6 or not (fields[2].isdigit() and fields[3].isdigit()):
            continue
        account = UserEntry(uid=int(fields[2]), gid=int(fields[3]), home=fields[5])
        users.setdefault(fields[0], account)
        users.setdefault(fields[2], account)
    return users
