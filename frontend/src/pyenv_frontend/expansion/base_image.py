"""What the expansion needs to know of the image that a stage begins with.

Pure: the files come from whoever can read them (`solve.base_images` asks the engine; the command line takes options).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "PYTHONS",
    "Account",
    "Base",
    "Files",
    "Interpreter",
    "Libc",
    "accounts",
    "folders",
    "inspect",
    "libc_of_release",
]

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

# VERSION_CODENAME of os-release -> glibc. What is not here is read out of the library itself.
_GLIBC_OF_RELEASE = {
    "buster": (2, 28),
    "bullseye": (2, 31),
    "bookworm": (2, 36),
    "trixie": (2, 41),
    "focal": (2, 31),
    "jammy": (2, 35),
    "noble": (2, 39),
}


class Files(Protocol):
    """The file system of an image. Paths are relative to its root, without a leading slash."""

    def read(self, path: str) -> bytes | None:
        """The file's content, symbolic links followed; None when there is none."""
        ...

    def names(self, folder: str, pattern: str) -> list[str]:
        """The names in a folder that match a glob pattern; none when there is no such folder."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Libc:
    """The C library, which decides which interpreters can start."""

    kind: Literal["glibc", "musl"]
    version: tuple[int, int]
    """`(2, 36)`; of musl `(0, 0)`, since nothing depends on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python that the image has already."""

    path: str
    version: str | None
    """`3.12.4`, or None where only the series is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
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

    libc: Libc | None = None
    """None when no C library was found (`scratch`, a static image)."""

    user: str = "root"
    """`USER` of its config."""

    env: Mapping[str, str] = field(default_factory=dict)
    """`ENV` of its config."""

    triggers: tuple[str, ...] = ()
    """`ONBUILD` of its config, where the expansion takes their work over."""

    interpreters: Mapping[str, Interpreter] = field(default_factory=dict)
    """By series: `3.12`."""

    accounts: Mapping[str, Account] = field(default_factory=dict)
    """By name, and by number as text."""


def inspect(
    reference: str,
    files: Files,
    *,
    user: str = "",
    env: Mapping[str, str] | None = None,
    series: frozenset[str] = frozenset(),
) -> Base:
    """Read the facts of an image.

    Args:
        reference: the image as FROM names it.
        files: its file system.
        user: `User` of its config, maybe empty.
        env: `Env` of its config.
        series: the Python series (`3.12`) whose exact version matters.
    """
    env = env or {}
    release = _os_release(files.read("etc/os-release") or b"")
    return Base(
        reference=reference,
        suite=release.get("VERSION_CODENAME"),
        distribution=release.get("ID"),
        libc=_libc(release, files),
        user=user or "root",
        env=env,
        interpreters=_interpreters(files, env, series),
        accounts=accounts(files.read("etc/passwd") or b""),
    )


def _os_release(text: bytes) -> dict[str, str]:
    """The assignments of os-release(5)."""
    pairs = (line.partition("=") for line in text.decode(errors="replace").splitlines() if "=" in line)
    return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}


def _libc(release: Mapping[str, str], files: Files) -> Libc | None:
    known = libc_of_release(release.get("VERSION_CODENAME", ""))
    if known:
        return known
    if files.names("lib", "ld-musl-*"):
        return Libc(kind="musl", version=(0, 0))
    for place in _GLIBC_PLACES:
        found = _GLIBC.search(files.read(place) or b"")
        if found:
            return Libc(kind="glibc", version=(int(found[1]), int(found[2])))
    return None


def libc_of_release(codename: str) -> Libc | None:
    """Give the glibc of a release of Debian or Ubuntu, if it is a known one."""
    version = _GLIBC_OF_RELEASE.get(codename)
    return Libc(kind="glibc", version=version) if version else None


def folders(env: Mapping[str, str]) -> list[str]:
    """Where an image has its own interpreters: what PATH names below `/usr` (Airflow's has `/usr/python/bin`).

    Not elsewhere: a `python3.12` in a home or below `/opt` is most often some virtual environment's.
    """
    stated = [folder.strip("/") for folder in env.get("PATH", "").split(":") if folder.startswith("/usr/")]
    return list(dict.fromkeys([*(folder for folder in stated if folder.endswith("/bin")), *_FOLDERS]))


def _interpreters(files: Files, env: Mapping[str, str], series: frozenset[str]) -> dict[str, Interpreter]:
    found: dict[str, Interpreter] = {}
    for folder in folders(env):
        for name in files.names(folder, PYTHONS):
            match = _PYTHON.fullmatch(name)
            if match and match[1] not in found:
                version = _version(files, env, folder, match[1]) if match[1] in series else None
                found[match[1]] = Interpreter(path=f"/{folder}/{name}", version=version)
    return found


def _version(files: Files, env: Mapping[str, str], folder: str, series: str) -> str | None:
    """The exact version: the official images say it in PYTHON_VERSION, others in their headers, if they have them."""
    stated = env.get("PYTHON_VERSION", "")
    if folder != "usr/bin" and stated.startswith(series + "."):
        return stated
    prefix = folder.removesuffix("/bin")
    match = _PATCHLEVEL.search(files.read(f"{prefix}/include/python{series}/patchlevel.h") or b"")
    return match[1].decode() if match else None


def accounts(passwd: bytes) -> dict[str, Account]:
    """The users of a passwd(5) file, by name and by number; what is no proper line is passed over."""
    found: dict[str, Account] = {}
    for line in passwd.decode(errors="replace").splitlines():
        fields = line.split(":")
        if len(fields) < 6 or not (fields[2].isdigit() and fields[3].isdigit()):
            continue
        account = Account(uid=int(fields[2]), gid=int(fields[3]), home=fields[5])
        found.setdefault(fields[0], account)
        found.setdefault(fields[2], account)
    return found
