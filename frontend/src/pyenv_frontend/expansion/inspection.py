"""Read the facts of a base image from its files.

Pure: callers provide the files (`solve.base_images` reads them through the engine, `cli.docker_image` by `docker`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, Protocol

from pyenv_frontend.expansion.base_image import Base, Interpreter, UserEntry
from pyenv_frontend.expansion.libc import Libc, has_only_openssl_3, libc_of_release
from pyenv_frontend.pyenv.places import GRAFTS
from pyenv_frontend.together import finish

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pyenv_frontend.together import Task

__all__ = ["HEAD", "Files", "accounts", "inspect", "inspection"]

_RELEASE: Final = "etc/os-release"
_ACCOUNTS: Final = "etc/passwd"
_PYTHON = re.compile(r"python(3\.\d+)")
_FOLDERS = ("usr/local/bin", "usr/bin")
_MOST_FOLDERS: Final = 16
"""Maximum number of folders of PATH to search; images with more of them have the others outside `/usr`."""

_PYTHONS: Final = "python3.*"
_GRAFTS: Final = (GRAFTS.lstrip("/"), "3.*")
_GRAFT = re.compile(r"(3\.\d+)(\.\w+)?")
HEAD: Final = 20
"""Number of bytes at the start of a program that identify its machine (elf(5))."""
_PATCHLEVEL = re.compile(rb'#define PY_VERSION\s+"([0-9A-Za-z.+]+)"')
_GLIBC = re.compile(rb"GNU C Library .{0,80}?version (\d{1,4})\.(\d{1,4})(?!\d)")
_ID = re.compile(r"[0-9]{1,10}")
_GLIBC_PLACES = (
    "lib/x86_64-linux-gnu/libc.so.6",
    "lib/aarch64-linux-gnu/libc.so.6",
    "lib64/libc.so.6",
    "usr/lib64/libc.so.6",
)

_MUSL: Final = ("lib", "ld-musl-*")
_OPENSSL: Final = "libssl.so.*"
_LIBRARIES = ("usr/lib64", "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/local/lib", "usr/lib")

# e_machine of elf(5), by the names of platforms.
_ELF_MACHINES = {"386": 3, "arm": 40, "amd64": 62, "arm64": 183, "ppc64le": 21, "s390x": 22, "riscv64": 243}


class Files(Protocol):
    """The file system of an image. Paths are relative to its root, without a leading slash.

    What has been loaded is available at once; everything else is fetched file by file.
    """

    def load(
        self,
        files: Iterable[str] = (),
        *,
        folders: Iterable[tuple[str, str]] = (),
        heads: Iterable[str] = (),
        looks: Iterable[str] = (),
    ) -> Iterator[None]:
        """Load files and folders at once; yield while there is something to wait for.

        Args:
            files: the files that `read` will be called for.
            folders: folders and patterns of names.
            heads: the files that `head` will be called for.
            looks: files that may be read, and may be missing.
        """
        ...

    def head(self, path: str) -> bytes | None:
        """Return the first bytes of an executable file, or None for any other path."""
        ...

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, following symbolic links, or None if it does not exist."""
        ...

    def names(self, folder: str, pattern: str) -> list[str]:
        """Return the names in a folder that match a glob pattern; an empty list if the folder does not exist."""
        ...


def inspect(
    reference: str,
    files: Files,
    *,
    user: str = "",
    env: Mapping[str, str] | None = None,
    series: Collection[str] = (),
) -> Base:
    """Read the facts of an image; see `inspection`. All interpreters count as programs of its machine."""
    return finish(inspection(reference, files, user=user, env=env, series=series))


def inspection(  # noqa: PLR0913 - the image, and what matters of it
    reference: str,
    files: Files,
    *,
    user: str = "",
    env: Mapping[str, str] | None = None,
    series: Collection[str] = (),
    checked: Collection[str] = (),
    architecture: str = "",
) -> Task[Base]:
    """Read the facts of an image.

    Args:
        reference: the image as FROM names it.
        files: its file system.
        user: `User` of its config, maybe empty.
        env: `Env` of its config.
        series: the Python series (`3.12`) whose exact version matters.
        checked: the series whose interpreters count only if they are programs of the image's machine.
        architecture: that machine, as platforms have it.

    Yields:
        Wherever it has to wait for files. How often does not depend on how many there are.

    Returns:
        The facts.
    """
    env = env or {}
    folders = _folders(env)
    yield from files.load([_RELEASE, _ACCOUNTS], folders=[_GRAFTS, *((folder, _PYTHONS) for folder in folders)])
    release = _os_release(files.read(_RELEASE) or b"")
    libc = libc_of_release(release.get("VERSION_CODENAME", ""))
    paths = _pythons(files, folders)
    programs = [path for path, minor in paths.items() if minor in checked]
    headers = [
        _header(path, minor) for path, minor in paths.items() if minor in series and not _stated(env, path, minor)
    ]
    if libc is None:
        libraries = [(folder, _OPENSSL) for folder in _LIBRARIES]
        yield from files.load(headers, heads=programs, folders=[_MUSL, *libraries], looks=_GLIBC_PLACES)
        libc = yield from _libc(files)
    else:
        yield from files.load(headers, heads=programs)
    unfit = {path for path in programs if not _is_program(files.head(path), architecture)}
    return Base(
        reference=reference,
        suite=release.get("VERSION_CODENAME"),
        distribution=release.get("ID"),
        libc=libc,
        openssl=_openssl(files) if libc and has_only_openssl_3(libc) else frozenset(),
        user=user or "root",
        env=env,
        interpreters=_interpreters(files, env, series, {path: paths[path] for path in paths if path not in unfit}),
        accounts=accounts(files.read(_ACCOUNTS) or b""),
    )


def _os_release(text: bytes) -> dict[str, str]:
    """Return the assignments of os-release(5)."""
    assignments = (line.partition("=") for line in text.decode(errors="replace").splitlines() if "=" in line)
    return {key.strip(): value.strip().strip("\"'") for key, _, value in assignments}


def _libc(files: Files) -> Task[Libc | None]:
    if files.names(*_MUSL):
        return Libc(kind="musl", version=(0, 0))
    for place in _GLIBC_PLACES:
        yield from files.load([place])
        if match := _GLIBC.search(files.read(place) or b""):
            return Libc(kind="glibc", version=(int(match[1]), int(match[2])))
    return None


def _openssl(files: Files) -> frozenset[str]:
    return frozenset(name for folder in _LIBRARIES for name in files.names(folder, _OPENSSL))


def _folders(env: Mapping[str, str]) -> list[str]:
    """Return where an image has its own interpreters: what PATH names below `/usr` (Airflow's has `/usr/python/bin`).

    No others: a `python3.12` in a home or below `/opt` usually belongs to a virtual environment.
    """
    stated = [folder.strip("/") for folder in env.get("PATH", "").split(":") if folder.startswith("/usr/")]
    below_usr = dict.fromkeys(folder for folder in stated if folder.endswith("/bin"))
    return list(dict.fromkeys([*[*below_usr][:_MOST_FOLDERS], *_FOLDERS]))


def _pythons(files: Files, folders: Iterable[str]) -> dict[str, str]:
    """Return the series of Python by path, in the order of PATH.

    Those that a PYENV has put into the image come first, each at its own place. From Python 3.11 on, an environment
    that is made by the link on PATH would look for the standard library beside the link.
    """
    grafts = filter(None, map(_GRAFT.fullmatch, sorted(files.names(*_GRAFTS))))
    paths = {f"{_GRAFTS[0]}/{graft[0]}/bin/python{graft[1]}": graft[1] for graft in grafts}
    for folder in folders:
        for name in files.names(folder, _PYTHONS):
            if match := _PYTHON.fullmatch(name):
                paths[f"{folder}/{name}"] = match[1]
    return paths


def _interpreters(
    files: Files, env: Mapping[str, str], series: Collection[str], paths: Mapping[str, str]
) -> dict[str, Interpreter]:
    interpreters: dict[str, Interpreter] = {}
    for path, minor in paths.items():
        if minor not in interpreters:
            version = _version(files, env, path, minor) if minor in series else None
            interpreters[minor] = Interpreter(path=f"/{path}", version=version)
    return interpreters


def _is_program(head: bytes | None, architecture: str) -> bool:
    """Return whether a file is a program for a machine, by its first bytes; True if the machine is not known."""
    if head is None:
        return False
    order: Literal["little", "big"] = "big" if head[5:6] == b"\2" else "little"
    machine = int.from_bytes(head[18:HEAD], order)
    return head.startswith(b"\x7fELF") and machine == _ELF_MACHINES.get(architecture, machine)


def _stated(env: Mapping[str, str], path: str, series: str) -> str:
    """Return the exact version of its interpreter that the image states, as official images do."""
    stated = env.get("PYTHON_VERSION", "")
    is_own = not path.startswith(("usr/bin/", _GRAFTS[0]))
    return stated if is_own and stated.startswith(f"{series}.") else ""


def _header(path: str, series: str) -> str:
    """Return the header that has the exact version of an interpreter, if there is one."""
    return f"{path.rpartition('/bin/')[0]}/include/python{series}/patchlevel.h"


def _version(files: Files, env: Mapping[str, str], path: str, series: str) -> str | None:
    if stated := _stated(env, path, series):
        return stated
    match = _PATCHLEVEL.search(files.read(_header(path, series)) or b"")
    return match[1].decode() if match else None


def accounts(passwd: bytes) -> dict[str, UserEntry]:
    """Return the users of a passwd(5) file, by name and by number; malformed lines are skipped."""
    users: dict[str, UserEntry] = {}
    for line in passwd.decode(errors="replace").splitlines():
        fields = line.split(":")
        if len(fields) < 6 or not (_ID.fullmatch(fields[2]) and _ID.fullmatch(fields[3])):
            continue
        account = UserEntry(uid=int(fields[2]), gid=int(fields[3]), home=fields[5])
        users.setdefault(fields[0], account)
        users.setdefault(fields[2], account)
    return users
